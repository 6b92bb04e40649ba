# The functions, each switched on by its variable.

# ---- backup: four jobs with an account each, so that the one that makes backups cannot delete them

locals {
  backup_jobs = local.with.backup ? { for name, job in {
    run = {
      args     = ["run", "--output", "json"]
      role     = "backup_writer"
      schedule = var.backup.schedule
      secrets  = { for secret in var.backup.password_secret[*] : "database" => secret }
      socket   = true
      tasks    = var.backup.tasks
      timeout  = var.backup.timeout
      retries  = 1
    }
    prune = {
      args     = ["prune", "--output", "json"]
      role     = "backup_pruner"
      schedule = "15 6 * * *"
      secrets  = {}
      socket   = false
      tasks    = 1
      timeout  = 3600
      retries  = 0
    }
    status = {
      args     = ["status", "--output", "json"]
      role     = "backup_reader"
      schedule = "5 * * * *"
      secrets  = {}
      socket   = false
      tasks    = 1
      timeout  = 600
      retries  = 0
    }
    drill = {
      args = concat(
        ["drill", "--output", "json", "--scratch", try(var.backup.drill.scratch, "-")],
        try(var.backup.drill.password_secret, null) == null ? [] : ["--scratch-password-file", "/secrets/scratch/value"],
      )
      role     = "backup_writer"
      schedule = try(var.backup.drill.schedule, null)
      secrets  = { for secret in try(var.backup.drill.password_secret, null)[*] : "scratch" => secret }
      socket   = true
      tasks    = 1
      timeout  = var.backup.timeout
      retries  = 0
    }
  } : name => job if name != "drill" || var.backup.drill != null } : {}
}

module "backup" {
  source   = "../modules/function-job"
  for_each = local.backup_jobs

  args                = each.value.args
  config              = local.config.backup
  deletion_protection = local.protected
  image               = var.images["backup"]
  labels              = merge(local.labels, { nightshift-function = "backup" })
  max_retries         = each.value.retries
  name                = "backup-${each.key}"
  project_id          = var.project_id
  region              = var.region
  schedule            = each.value.schedule
  secret_files        = each.value.secrets
  sql_instances       = each.value.socket ? module.database[*].connection_name : []
  tasks               = each.value.tasks
  timeout             = each.value.timeout
  vpc                 = one(module.network[*].vpc)
}

module "backup_bucket" {
  source = "../modules/backup-bucket"
  count  = local.with.backup ? 1 : 0

  coldline_after_days = var.backup.coldline_after_days
  grants = { for name, job in module.backup : name => {
    member = job.account.member
    role   = local.role[local.backup_jobs[name].role]
  } }
  labels         = local.labels
  location       = coalesce(var.backup.bucket_location, var.region)
  name           = local.backup_bucket
  project_id     = var.project_id
  retention_days = var.backup.retention_days
  storage_agent  = data.google_storage_project_service_account.this.member
}

# ---- scheduled-scaling: one tick every five minutes; what is right then is the schedule's business

module "scheduled_scaling" {
  source = "../modules/function-service"
  count  = local.with.scaling ? 1 : 0

  concurrency         = 1
  config              = local.config.scaling
  deletion_protection = local.protected
  image               = var.images["scheduled-scaling"]
  labels              = merge(local.labels, { nightshift-function = "scheduled-scaling" })
  max_instances       = 1
  name                = "scheduled-scaling"
  project_id          = var.project_id
  region              = var.region
  schedules           = { clock = { schedule = "*/5 * * * *", command = { command = "apply" }, deadline = "240s" } }
  timeout             = 250
}

# ---- rotate-secrets: told by Secret Manager, and by a clock for what was put off

module "rotate_secrets" {
  source = "../modules/function-service"
  count  = local.with.rotation ? 1 : 0

  callers             = { secret-events = module.secret_events[0].pusher }
  config              = local.config.rotation
  deletion_protection = local.protected
  image               = var.images["rotate-secrets"]
  labels              = merge(local.labels, { nightshift-function = "rotate-secrets" })
  name                = "rotate-secrets"
  project_id          = var.project_id
  region              = var.region
  schedules           = { clock = { schedule = var.rotation.schedule, command = { command = "tick" }, deadline = "600s" } }
  secret_files        = local.rotation_secrets
  sql_instances       = distinct([for target in values(local.postgres) : trimprefix(target.host, "/cloudsql/") if startswith(target.host, "/cloudsql/")])
  timeout             = 590
  vpc                 = one(module.network[*].vpc)
}

module "secret_events" {
  source = "../modules/event-route"
  count  = local.with.rotation ? 1 : 0

  agent    = local.agent.pubsub
  audience = "nightshift-rotate-secrets"
  # The topic of a secret carries all that happens to it, also the version that the rotator adds.
  filter     = "attributes.eventType = \"SECRET_ROTATE\""
  labels     = local.labels
  name       = "secret-events"
  project_id = var.project_id
  publishers = { secret-manager = local.agent.secretmanager }
  uri        = module.rotate_secrets[0].uri
}

module "rotating_secret" {
  source   = "../modules/rotating-secret"
  for_each = local.with.rotation ? var.rotation.secrets : {}

  deletion_protection = local.protected
  labels              = local.labels
  locations           = each.value.locations
  name                = each.key
  project_id          = var.project_id
  rotation_days       = each.value.rotation_days
  rotator = {
    candidate_role = local.role["rotation_candidate"]
    member         = module.rotate_secrets[0].account.member
    role           = local.role["rotation_secret"]
  }
  side  = each.value.staging == "side"
  topic = module.secret_events[0].topic
}

# ---- budget-guard: told by Cloud Billing

module "budget" {
  source = "../modules/budget"
  count  = local.with.budget ? 1 : 0

  amount          = var.monthly_budget
  billing_account = var.billing_account
  channels        = module.monitoring.emails
  currency        = var.budget_guard.currency
  name            = "nightshift ${var.environment}"
  project_numbers = length(var.budget_guard.project_numbers) == 0 ? [local.number] : var.budget_guard.project_numbers
  topic           = module.budget_events[0].topic
}

module "budget_guard" {
  source = "../modules/function-service"
  count  = local.with.budget ? 1 : 0

  callers             = { budget-events = module.budget_events[0].pusher }
  config              = local.config.budget
  deletion_protection = local.protected
  image               = var.images["budget-guard"]
  labels              = merge(local.labels, { nightshift-function = "budget-guard" })
  name                = "budget-guard"
  project_id          = var.project_id
  region              = var.region
  schedules           = { clock = { schedule = "*/20 * * * *", command = { command = "tick" }, deadline = "300s" } }
  secret_files        = local.channel_secrets
  timeout             = 290
}

module "budget_events" {
  source = "../modules/event-route"
  count  = local.with.budget ? 1 : 0

  ack_deadline = 300
  agent        = local.agent.pubsub
  audience     = "nightshift-budget-guard"
  labels       = local.labels
  name         = "budget-events"
  project_id   = var.project_id
  uri          = module.budget_guard[0].uri
}

resource "google_storage_bucket" "budget_state" {
  #checkov:skip=CKV_GCP_62:data access logs of the project say who read; a log bucket would say it again
  count = local.with.budget ? 1 : 0

  project                     = var.project_id
  name                        = "${var.project_id}-budget-guard"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      num_newer_versions         = 10
      days_since_noncurrent_time = 30
    }
  }
}

resource "google_storage_bucket_iam_member" "budget_state" {
  count = local.with.budget ? 1 : 0

  bucket = google_storage_bucket.budget_state[0].name
  role   = local.role["budget_state"]
  member = module.budget_guard[0].account.member
}
