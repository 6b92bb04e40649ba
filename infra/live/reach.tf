# What the functions act on besides what is made for them: each thing by its full name, with the role that acts there. All of it
# follows from what they are told, so nothing is reached that no configuration names.

locals {
  # `run.max_instances:web/europe-west1/api=1`: the family, the verb and the path.
  actions = [for action in distinct(flatten([for step in try(var.budget_guard.steps, []) : step.do])) :
    merge(regex("^(?P<family>[a-z]+)\\.(?P<verb>[a-z_]+):(?P<path>[^=]+)", action), { action = action }) if strcontains(action, ":")
  ]

  guarded = [for action in local.actions : {
    name = {
      billing   = "projects/${action.path}"
      compute   = replace(action.path, "/^([^/]+)/([^/]+)/(.+)$/", "projects/$1/zones/$2/instances/$3")
      pool      = replace(action.path, "/^([^/]+)/([^/]+)/(.+)$/", "projects/$1/locations/$2/workerPools/$3")
      quota     = "projects/${split("/", action.path)[0]}"
      run       = replace(action.path, "/^([^/]+)/([^/]+)/(.+)$/", "projects/$1/locations/$2/services/$3")
      scheduler = "projects/${split("/", action.path)[0]}"
      sql       = replace(action.path, "/^([^/]+)/(.+)$/", "projects/$1/instances/$2")
    }[action.family]
    project = split("/", action.path)[0]
    roles = concat(
      [{
        billing   = "budget_billing"
        compute   = "budget_machine"
        pool      = "budget_pool"
        quota     = "budget_quota"
        run       = "budget_service"
        scheduler = "budget_schedule"
        sql       = "budget_database"
      }[action.family]],
      action.verb == "close_door" ? ["budget_door"] : [],
    )
    waits = contains(["compute", "pool", "run"], action.family)
  }]

  edited = distinct([for target in values(local.postgres) :
    "projects/${coalesce(target.admin.cloud_sql_api.project, var.project_id)}/instances/${target.admin.cloud_sql_api.instance}"
  if target.admin.cloud_sql_api != null])

  # Where the rotator logs in to Cloud SQL: through its socket, as itself, or both.
  logins = distinct(flatten([for target in values(local.postgres) : [
    for role, wanted in {
      "roles/cloudsql.client"       = startswith(target.host, "/cloudsql/")
      "roles/cloudsql.instanceUser" = target.admin.iam != null
      } : {
      name = "projects/${split(":", target.instance)[0]}/instances/${split(":", target.instance)[2]}"
      role = role
    } if wanted
  ] if target.instance != null && target.admin.cloud_sql_api == null]))

  keyed = distinct(compact([for secret in try(var.rotation.secrets, {}) : try(secret.target.service_account_key.account, null)]))

  # The word before the first underscore says which function it is for.
  grants = distinct(concat(
    flatten([for thing in local.guarded : [for role in thing.roles : { name = thing.name, role = role }]]),
    [for thing in local.guarded : { name = "projects/${thing.project}", role = "budget_waiter" } if thing.waits],

    [for consumer in values(local.consumers) : { name = consumer.name, role = strcontains(consumer.name, "/jobs/") ? "rotation_job" : "rotation_service" }],
    [for consumer in values(local.consumers) : { name = "projects/${split("/", consumer.name)[1]}", role = "rotation_waiter" }],
    [for instance in local.edited : { name = instance, role = "rotation_users" }],
    [for email in local.keyed : { name = "projects/${split(".", split("@", email)[1])[0]}/serviceAccounts/${email}", role = "rotation_keys" }],

    [for name, target in try(var.scaling.targets, {}) : {
      name = local.scaled[name]
      role = { service = "scaling_service", sql = "scaling_database", worker-pool = "scaling_pool" }[target.kind]
    }],
    [for name in values(local.scaled) : { name = "projects/${split("/", name)[1]}", role = "scaling_reader" }],
  ))

  # Accounts that things elsewhere run as, by the function that acts as them.
  acting = toset(concat(
    [for account in try(var.budget_guard.accounts, []) : "budget ${account}"],
    [for consumer in values(local.consumers) : "rotation ${consumer.account}" if consumer.account != null],
    [for target in try(values(var.scaling.targets), []) : "scaling ${target.account}" if target.account != null],
  ))

  own_services = [for name in keys(local.services) : "projects/${var.project_id}/locations/${var.region}/services/${name}"]

  # By what Google binds them to.
  grants_on = { for kind, pattern in {
    account  = "/serviceAccounts/"
    instance = "^projects/[^/]+/instances/"
    job      = "/jobs/"
    machine  = "/zones/"
    pool     = "/workerPools/"
    project  = "^projects/[^/]+$"
    service  = "/services/"
    } : kind => { for grant in local.grants : "${grant.role} ${grant.name}" => {
      member  = local.member[split("_", grant.role)[0]]
      name    = grant.name
      part    = split("/", grant.name)
      project = split("/", grant.name)[1]
      role    = google_project_iam_custom_role.this["${split("/", grant.name)[1]} ${grant.role}"].name
  } if length(regexall(pattern, grant.name)) > 0 } }

  member = {
    budget   = one(module.budget_guard[*].account.member)
    rotation = one(module.rotate_secrets[*].account.member)
    scaling  = one(module.scheduled_scaling[*].account.member)
  }
}

resource "google_cloud_run_v2_service_iam_member" "reached" {
  for_each = local.grants_on.service

  project  = each.value.project
  location = each.value.part[3]
  # Of a service that is made here, once it is there.
  name   = contains(local.own_services, each.value.name) ? module.service[each.value.part[5]].name : each.value.part[5]
  role   = each.value.role
  member = each.value.member
}

resource "google_cloud_run_v2_job_iam_member" "reached" {
  for_each = local.grants_on.job

  project  = each.value.project
  location = each.value.part[3]
  name     = each.value.part[5]
  role     = each.value.role
  member   = each.value.member
}

resource "google_cloud_run_v2_worker_pool_iam_member" "reached" {
  for_each = local.grants_on.pool

  project  = each.value.project
  location = each.value.part[3]
  name     = each.value.part[5]
  role     = each.value.role
  member   = each.value.member
}

resource "google_compute_instance_iam_member" "reached" {
  for_each = local.grants_on.machine

  project       = each.value.project
  zone          = each.value.part[3]
  instance_name = each.value.part[5]
  role          = each.value.role
  member        = each.value.member
}

resource "google_service_account_iam_member" "reached" {
  for_each = local.grants_on.account

  service_account_id = each.value.name
  role               = each.value.role
  member             = each.value.member
}

# Cloud SQL has no grants on one instance; the condition names it.
resource "google_project_iam_member" "reached_instance" {
  for_each = merge(
    local.grants_on.instance,
    { for login in local.logins : "${login.role} rotation ${login.name}" => {
      member  = local.member.rotation
      name    = login.name
      project = split("/", login.name)[1]
      role    = login.role
    } },
    { for name, job in module.backup : "roles/cloudsql.client backup ${name}" => {
      member  = job.account.member
      name    = "projects/${var.project_id}/instances/${module.database[0].name}"
      project = var.project_id
      role    = "roles/cloudsql.client"
    } if local.backup_jobs[name].socket && local.connection != null },
  )

  project = each.value.project
  role    = each.value.role
  member  = each.value.member

  condition {
    title      = "only_this_instance"
    expression = "resource.name == '${each.value.name}' && resource.service == 'sqladmin.googleapis.com'"
  }
}

# What Google grants on whole projects only: lists, operations, schedules, quotas and the link to billing.
resource "google_project_iam_member" "reached" {
  for_each = local.grants_on.project

  project = each.value.project
  role    = each.value.role
  member  = each.value.member
}

# Linking billing again is asked of the billing account, too, which knows no custom role of a project's.
resource "google_billing_account_iam_member" "budget_guard" {
  count = anytrue([for action in local.actions : action.family == "billing"]) ? 1 : 0

  billing_account_id = var.billing_account
  role               = "roles/billing.user"
  member             = local.member.budget
}

# Whoever changes a service of Cloud Run must be allowed to act as the account that it runs as.
resource "google_service_account_iam_member" "acts_as" {
  for_each = merge(
    { for pair in local.acting : pair => split(" ", pair)[1] },
    { for grant in local.grants : "${split("_", grant.role)[0]} ${grant.name}" => module.service[split("/", grant.name)[5]].account.name if contains(local.own_services, grant.name) && endswith(grant.role, "_service") },
  )

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = local.member[split(" ", each.key)[0]]
}

# Topics that are told how things ended.
resource "google_pubsub_topic_iam_member" "told" {
  for_each = merge(
    { for name, job in module.backup : "backup ${name}" => { member = job.account.member, topic = var.backup.topic } if try(var.backup.topic, null) != null },
    { for name, channel in try(var.budget_guard.channels, {}) : "budget ${name}" => { member = local.member.budget, topic = channel.topic } if channel.kind == "pubsub" },
    { for topic in compact([try(var.rotation.topic, null)]) : "rotation" => { member = local.member.rotation, topic = topic } },
    { for topic in compact([try(var.scaling.topic, null)]) : "scaling" => { member = local.member.scaling, topic = topic } },
  )

  topic  = each.value.topic
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

# The rotator's own login where it logs in as itself; what it may change there is granted in the database (docs/deploy.md).
resource "google_sql_user" "rotator" {
  count = anytrue([for target in values(local.postgres) : target.admin.iam != null && target.instance == local.connection && local.connection != null]) ? 1 : 0

  project  = var.project_id
  instance = module.database[0].name
  name     = trimsuffix(module.rotate_secrets[0].account.email, ".gserviceaccount.com")
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"
}
