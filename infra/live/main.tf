# One root for every environment: what differs is in ../env. What a function is told is in config.tf, what it may do in roles.tf.

data "google_project" "this" {
  project_id = var.project_id
}

data "google_storage_project_service_account" "this" {
  project = var.project_id
}

locals {
  production = var.environment == "production"
  labels     = { app = "nightshift", environment = var.environment, managed_by = "terraform" }
  number     = data.google_project.this.number

  # Service agents, which Google makes when an API is first used; their addresses follow from the project's number.
  agent = {
    iap           = "serviceAccount:service-${local.number}@gcp-sa-iap.iam.gserviceaccount.com"
    monitoring    = "serviceAccount:service-${local.number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    pubsub        = "serviceAccount:service-${local.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    secretmanager = "serviceAccount:service-${local.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
  }

  # Names are fixed: alerts, grants and scripts use them.
  with = {
    backup   = var.backup != null
    budget   = var.budget_guard != null
    rotation = var.rotation != null
    scaling  = var.scaling != null
  }
}

module "registry" {
  source = "../modules/registry"

  labels     = local.labels
  name       = "nightshift"
  project_id = var.project_id
  region     = var.region
}

module "monitoring" {
  source = "../modules/monitoring"

  channels      = { emails = var.emails, pagerduty = var.pagerduty, slack = var.slack }
  databases     = try({ (module.database[0].name) = var.platform.database.connections }, {})
  dead_letters  = toset(concat(module.secret_events[*].dead_letters, module.budget_events[*].dead_letters))
  functions     = toset([for name, on in local.with : name if on])
  jobs          = toset([for job in module.backup : job.name])
  labels        = local.labels
  pagerduty_key = var.pagerduty_key
  project_id    = var.project_id
  runbooks      = var.runbooks
  services      = toset(concat([for service in module.service : service.name], module.rotate_secrets[*].name, module.scheduled_scaling[*].name, module.budget_guard[*].name))
  silences = merge(
    local.with.rotation ? { rotate-secrets = { runbook = "rotation-silent", seconds = 3600 } } : {},
    # Billing tells several times a day; six hours of nothing mean that nobody listens.
    local.with.budget ? { budget-guard = { runbook = "guard-silent", seconds = 21600 } } : {},
  )
  slack_token = var.slack_token
  uptime      = { for domain in try(var.platform.domains, []) : domain => { host = domain } if length(try(var.platform.edge.iap_members, {})) == 0 }
}

module "github_deployer" {
  source = "../modules/github-deployer"

  accounts = merge(
    { for name, job in module.backup : "backup-${name}" => job.account.name },
    { for name, service in module.service : name => service.account.name },
    { for service in concat(module.rotate_secrets, module.scheduled_scaling, module.budget_guard) : service.name => service.account.name },
  )
  environment   = var.environment
  jobs          = toset([for job in module.backup : job.name])
  pool          = var.github.pool
  project_id    = var.project_id
  ref           = local.production ? "release" : "refs/heads/main"
  region        = var.region
  repository    = module.registry.name
  repository_id = var.github.repository_id
  services      = toset(concat([for service in module.service : service.name], module.rotate_secrets[*].name, module.scheduled_scaling[*].name, module.budget_guard[*].name))
}
