# One root for every environment: what differs is in ../env. What a function is told is in config.tf, what it may do in roles.tf.

data "google_project" "this" {
  project_id = var.project_id
}

data "google_storage_project_service_account" "this" {
  project = var.project_id
}

locals {
  production = var.environment == "production"
  protected  = var.deletion_protection == null ? local.production : var.deletion_protection
  labels     = { app = "nightshift", environment = var.environment, managed_by = "terraform" }
  number     = data.google_project.this.number

  # Service agents, which Google makes when an API is first used; their addresses follow from the project's number.
  agent = {
    iap           = "serviceAccount:service-${local.number}@gcp-sa-iap.iam.gserviceaccount.com"
    monitoring    = "serviceAccount:service-${local.number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    pubsub        = "serviceAccount:service-${local.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    secretmanager = "serviceAccount:service-${local.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
  }

  function_services = concat(module.rotate_secrets, module.scheduled_scaling, module.budget_guard)

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
  services      = toset(concat([for service in module.service : service.name], local.function_services[*].name))
  silences = merge(
    local.with.rotation ? { rotation = { runbook = "rotation-silent", seconds = 3600, service = module.rotate_secrets[0].name } } : {},
    local.with.budget ? {
      guard = { runbook = "guard-silent", seconds = 3600, service = module.budget_guard[0].name }
      # Billing tells several times a day. Its own calls by the clock go on when Billing has fallen silent.
      spending = { runbook = "guard-silent", seconds = 21600, subscription = module.budget_events[0].subscription }
    } : {},
  )
  slack_token = var.slack_token
  uptime = merge(
    { for domain in try(var.platform.domains, []) : domain => { host = domain } if length(try(var.platform.edge.iap_members, {})) == 0 },
    # Private, and asked with Monitoring's own token. Elsewhere than in production a call every five minutes would keep them awake for nothing.
    local.production ? { for function in local.function_services : function.name => { host = trimprefix(function.uri, "https://"), private = true } } : {},
  )
}

# The uptime checks of functions are let in.
resource "google_cloud_run_v2_service_iam_member" "uptime" {
  for_each = local.production ? { for function in local.function_services : function.name => function } : {}

  project  = var.project_id
  location = var.region
  name     = each.value.name
  role     = "roles/run.invoker"
  member   = local.agent.monitoring
}

module "github_deployer" {
  source = "../modules/github-deployer"

  accounts = merge(
    { for name, job in module.backup : "backup-${name}" => job.account.name },
    { for name, service in module.service : name => service.account.name },
    { for function in local.function_services : function.name => function.account.name },
  )
  calls         = length(local.function_services) > 0
  environment   = var.environment
  jobs          = toset([for job in module.backup : job.name])
  pool          = var.github.pool
  project_id    = var.project_id
  ref           = local.production ? "release" : "refs/heads/main"
  region        = var.region
  repository    = module.registry.name
  repository_id = var.github.repository_id
  services      = toset(concat([for service in module.service : service.name], local.function_services[*].name))
}
