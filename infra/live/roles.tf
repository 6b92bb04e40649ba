# What each function may do, and why. `reach.tf` binds the roles: to single services, secrets, instances and buckets wherever Google
# knows a grant on one, and to a project only where it knows none.

locals {
  permissions = {
    backup_reader = {
      "storage.objects.get"  = "status, drill: read manifests and what they name"
      "storage.objects.list" = "status, drill: find the manifests"
    }
    backup_writer = {
      "storage.objects.create" = "run: writes chunks, and the manifest last"
      "storage.objects.get"    = "run: reads the leases of others"
      "storage.objects.list"   = "run: finds the leases of others"
    }
    backup_pruner = {
      "storage.objects.create" = "prune: takes its lease"
      "storage.objects.delete" = "prune: deletes what no rule keeps"
      "storage.objects.get"    = "prune: reads manifests"
      "storage.objects.list"   = "prune: finds them, and what dead runs have left"
    }

    budget_state = {
      "storage.objects.create" = "writes its memory"
      "storage.objects.delete" = "writes it again: Cloud Storage counts that as deleting, too"
      "storage.objects.get"    = "reads its memory"
      "storage.objects.list"   = "finds the memory of each budget"
    }
    budget_service = {
      "run.services.get"    = "remembers what was there before"
      "run.services.update" = "fewer instances, none, or no callers from the internet, and back"
    }
    budget_door = {
      "run.services.getIamPolicy" = "close_door: remembers who could call"
      "run.services.setIamPolicy" = "close_door: takes the grant to everybody away, and gives it back"
    }
    budget_pool = {
      "run.workerpools.get"    = "remembers the count"
      "run.workerpools.update" = "a smaller count, and back"
    }
    budget_schedule = {
      "cloudscheduler.jobs.enable" = "gives a schedule back"
      "cloudscheduler.jobs.get"    = "remembers whether it was enabled"
      "cloudscheduler.jobs.pause"  = "pauses a schedule"
    }
    budget_database = {
      "cloudsql.instances.get"    = "remembers the activation policy, and waits until it is another"
      "cloudsql.instances.update" = "stops an instance, and starts it again"
    }
    budget_machine = {
      "compute.instances.get"   = "remembers whether it ran"
      "compute.instances.start" = "starts it again, when it is given back"
      "compute.instances.stop"  = "stops a machine"
    }
    budget_quota = {
      "serviceusage.quotas.get"    = "remembers the override that was there"
      "serviceusage.quotas.update" = "a lower quota, and back"
    }
    budget_billing = {
      "resourcemanager.projects.createBillingAssignment" = "links billing again, when a person releases the step"
      "resourcemanager.projects.deleteBillingAssignment" = "unlinks billing: the last resort"
      "resourcemanager.projects.get"                     = "reads the label that is the second consent"
    }
    budget_waiter = {
      "compute.zoneOperations.get" = "waits until a machine has stopped or started"
      "run.operations.get"         = "waits until a change of Cloud Run has happened"
    }

    rotation_secret = {
      "secretmanager.secrets.get"      = "reads state, aliases and etag"
      "secretmanager.secrets.update"   = "writes state and aliases under the etag"
      "secretmanager.versions.access"  = "reads the value that is in use"
      "secretmanager.versions.add"     = "publishes the candidate"
      "secretmanager.versions.destroy" = "ends a value after its grace"
      "secretmanager.versions.disable" = "takes a value out of use, before it ends"
      "secretmanager.versions.get"     = "sees which version is which"
      "secretmanager.versions.list"    = "finds the versions there are"
    }
    rotation_candidate = {
      "secretmanager.secrets.get"      = "sees whether the side secret is there"
      "secretmanager.versions.access"  = "reads a candidate back, and after a death finds it again"
      "secretmanager.versions.add"     = "makes a candidate durable before the target learns of it"
      "secretmanager.versions.destroy" = "ends it once it is published or given up"
      "secretmanager.versions.get"     = "sees which candidate is which"
      "secretmanager.versions.list"    = "finds the candidates there are"
    }
    rotation_service = {
      "run.revisions.get"   = "sees which version of a secret a revision uses"
      "run.revisions.list"  = "finds the revisions that still serve"
      "run.services.get"    = "reads the template"
      "run.services.update" = "makes a new revision that reads the new value"
    }
    rotation_job = {
      "run.executions.list" = "waits for executions that began with the old value"
      "run.jobs.get"        = "reads the template"
      "run.jobs.update"     = "has the next execution read the new value"
    }
    rotation_waiter = {
      "run.operations.get" = "waits until a change has happened"
    }
    rotation_users = {
      "cloudsql.instances.get" = "sees whether there is a password policy, and waits for operations"
      "cloudsql.users.list"    = "sees whether the accounts are there"
      "cloudsql.users.update"  = "changes a password where nobody can log in to do so"
    }
    rotation_keys = {
      "iam.serviceAccountKeys.create"  = "uploads the public half of a key pair that was made here"
      "iam.serviceAccountKeys.delete"  = "deletes the old key, after it was disabled"
      "iam.serviceAccountKeys.disable" = "takes the old key out of use"
      "iam.serviceAccountKeys.get"     = "reads a key's certificate, to tell which version's it is"
      "iam.serviceAccountKeys.list"    = "counts the keys, and finds one that a dead worker uploaded"
    }

    scaling_service = {
      "run.services.get"    = "reads instances and etag"
      "run.services.update" = "changes instances"
    }
    scaling_pool = {
      "run.workerpools.get"    = "reads the count and the etag"
      "run.workerpools.update" = "changes the count"
    }
    scaling_database = {
      "cloudsql.instances.get"    = "reads the activation policy, and waits until it is another"
      "cloudsql.instances.update" = "starts and stops an instance"
    }
    scaling_reader = {
      "cloudsql.instances.list" = "reads all databases of a project in one call"
      "run.operations.get"      = "waits until a change has happened"
      "run.services.list"       = "reads all services of a region in one call"
      "run.workerpools.list"    = "reads all worker pools of a region in one call"
    }
  }

  # The roles of what Terraform makes here, beside those that reach.tf needs.
  own_roles = concat(
    local.with.backup ? ["backup_reader", "backup_writer", "backup_pruner"] : [],
    local.with.budget ? ["budget_state"] : [],
    local.with.rotation ? ["rotation_secret", "rotation_candidate"] : [],
  )

  # A custom role belongs to one project, so each project that is reached has its own.
  roles = toset(concat(
    [for role in local.own_roles : "${var.project_id} ${role}"],
    [for grant in local.grants : "${split("/", grant.name)[1]} ${grant.role}" if contains(keys(local.permissions), grant.role)],
  ))

  # For the grants on what is in this project.
  role = { for role in local.own_roles : role => google_project_iam_custom_role.this["${var.project_id} ${role}"].name }
}

resource "google_project_iam_custom_role" "this" {
  for_each = local.roles

  project     = split(" ", each.key)[0]
  role_id     = "nightshift_${var.environment}_${split(" ", each.key)[1]}"
  title       = "Nightshift ${var.environment}: ${replace(split(" ", each.key)[1], "_", " ")}"
  description = "Why each permission: infra/live/roles.tf"
  permissions = sort(keys(local.permissions[split(" ", each.key)[1]]))
}
