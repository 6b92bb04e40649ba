# What each function may do, and why. The roles are bound to single services, secrets and buckets, never to the project.

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
    budget_guard = {
      "run.operations.get"        = "waits until a change has happened"
      "run.services.get"          = "remembers what was there before"
      "run.services.getIamPolicy" = "close_door: remembers who could call"
      "run.services.setIamPolicy" = "close_door: takes the grant to everybody away, and gives it back"
      "run.services.update"       = "fewer instances, or none, and back"
    }
    budget_state = {
      "storage.objects.create" = "writes its state"
      "storage.objects.delete" = "writes it again: Cloud Storage counts that as deleting, too"
      "storage.objects.get"    = "reads its state"
      "storage.objects.list"   = "finds the state of each budget"
    }
    rotator = {
      "secretmanager.secrets.get"      = "reads state, aliases and etag"
      "secretmanager.secrets.update"   = "writes state and aliases under the etag"
      "secretmanager.versions.access"  = "reads the value that is in use"
      "secretmanager.versions.add"     = "adds the candidate"
      "secretmanager.versions.destroy" = "ends a value after its grace"
      "secretmanager.versions.disable" = "takes a value out of use, before it ends"
      "secretmanager.versions.enable"  = "goes back to the value before"
      "secretmanager.versions.get"     = "sees which version is which"
      "secretmanager.versions.list"    = "finds the versions there are"
    }
    roller = {
      "run.operations.get"  = "waits until the new revision is ready"
      "run.revisions.get"   = "sees which version of a secret a revision uses"
      "run.revisions.list"  = "finds the revisions that still serve"
      "run.services.get"    = "reads the template"
      "run.services.update" = "makes a new revision that reads the new value"
    }
    scaler = {
      "run.operations.get"  = "waits until a change has happened"
      "run.services.get"    = "reads instances and etag"
      "run.services.update" = "changes instances"
    }
  }

  # Which roles are needed at all.
  roles = toset(concat(
    local.with.backup ? ["backup_reader", "backup_writer", "backup_pruner"] : [],
    local.with.budget ? ["budget_guard", "budget_state"] : [],
    local.with.rotation ? ["rotator", "roller"] : [],
    local.with.scaling ? ["scaler"] : [],
  ))
}

resource "google_project_iam_custom_role" "this" {
  for_each = local.roles

  project     = var.project_id
  role_id     = "nightshift_${each.key}"
  title       = "Nightshift: ${replace(each.key, "_", " ")}"
  description = "Why each permission: infra/live/roles.tf"
  permissions = sort(keys(local.permissions[each.key]))
}
