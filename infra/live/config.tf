# What each function is told: the document in its NIGHTSHIFT_CONFIG. The programs know their keys and refuse others, so what is
# not set is left out: "null" would be a value.

locals {
  set = {
    backup = local.with.backup ? {
      source = merge(
        { url = coalesce(var.database_url, local.socket_url, "-") },
        local.password_file,
      )
      target     = { url = "gs://${local.backup_bucket}/${var.environment}" }
      run        = { workers = var.backup.workers }
      encryption = { recipients = var.backup.recipients }
      objectives = var.backup.objectives
      retention  = var.backup.retention
    } : null

    scaling = local.with.scaling ? {
      version   = 1
      calendars = var.scaling.calendars
      schedules = { for name, schedule in var.scaling.schedules : name => merge(
        { for key, value in schedule : key => value if value != null && !contains(["default", "windows", "transitions", "exceptions"], key) },
        { default = { for key, value in schedule.default : key => value if value != null } },
        { for kind in ["windows", "transitions", "exceptions"] : kind => [for rule in schedule[kind] : { for key, value in rule : key => value if value != null }] },
      ) }
      targets = [for name, target in var.scaling.targets : merge(
        { name = local.scaled[name] },
        { for key, value in target : key => value if value != null },
      )]
    } : null

    rotation = local.with.rotation ? {
      project        = var.project_id
      project_number = tonumber(local.number)
      groups         = var.rotation.groups
      secrets = { for name, secret in var.rotation.secrets : name => merge(
        {
          consumers = [for consumer in secret.consumers : { name = "projects/${var.project_id}/locations/${var.region}/services/${consumer}" }]
          grace     = secret.grace
          max_age   = secret.max_age
          target    = { for kind, settings in secret.target : kind => settings if settings != null }
        },
        { for key, value in { group = secret.group } : key => value if value != null },
      ) }
    } : null

    budget = local.with.budget ? {
      guard_project = var.budget_guard.guard_project
      mode          = var.budget_guard.mode
      protected     = var.budget_guard.protected
      state         = "gs://${var.project_id}-budget-guard/state"
      feed = {
        subscription = "projects/${var.project_id}/subscriptions/budget-events-push"
        topic        = "projects/${var.project_id}/topics/budget-events"
      }
      channel = { for name, channel in var.budget_guard.channels : name => merge(
        { kind = channel.kind },
        { for key, topic in { topic = channel.topic } : key => topic if topic != null },
        { for key in channel.secret == null ? [] : [channel.kind == "pagerduty" ? "routing_key" : "url"] : key => { file = "/secrets/${name}/value" } },
      ) }
      budget = [{
        account  = var.billing_account
        amount   = { for key, value in var.budget_guard.amount : key => value if value != null }
        currency = var.budget_guard.currency
        id       = one(module.budget[*].id)
        step     = [for step in var.budget_guard.steps : { for key, value in step : key => value if value != null }]
      }]
    } : null
  }

  config = { for name, document in local.set : name => jsonencode(document) }

  backup_bucket = "${var.project_id}-backups"
  socket_url    = try("host=/cloudsql/${module.database[0].connection_name} dbname=${module.database[0].database} user=backup", null)
  password_file = try(var.backup.password_secret, null) == null ? {} : { password_file = "/secrets/database/value" }
  # A name with a slash is a full one; any other is a service of this project.
  scaled = { for name, target in try(var.scaling.targets, {}) : name => strcontains(name, "/") ? name : "projects/${var.project_id}/locations/${var.region}/services/${name}" }
}
