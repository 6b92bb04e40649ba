# What each function is told: the document in its NIGHTSHIFT_CONFIG. Variables have the programs' own keys wherever they can, so
# most of it is taken over as it was set.

locals {
  documents = {
    backup = local.with.backup ? {
      source = {
        url           = coalesce(var.database_url, local.socket_url, "-")
        password_file = var.backup.password_secret == null ? null : "/secrets/database/value"
      }
      target     = { url = "gs://${local.backup_bucket}/${var.environment}" }
      run        = { workers = var.backup.workers }
      encryption = { recipients = var.backup.recipients }
      objectives = var.backup.objectives
      retention  = var.backup.retention
      publish    = { topic = var.backup.topic }
    } : null

    budget = local.with.budget ? {
      allow_predictive_throttle = var.budget_guard.allow_predictive_throttle
      cap_billing               = var.budget_guard.cap_billing
      channel                   = local.channels
      guard_project             = var.project_id
      mode                      = var.budget_guard.mode
      protected                 = var.budget_guard.protected
      state                     = "gs://${var.project_id}-budget-guard"
      feed = {
        subscription = "projects/${var.project_id}/subscriptions/budget-events-push"
        topic        = "projects/${var.project_id}/topics/budget-events"
      }
      budget = [{
        account  = var.billing_account
        amount   = var.budget_guard.amount
        currency = var.budget_guard.currency
        id       = one(module.budget[*].id)
        step     = var.budget_guard.steps
        tell     = var.budget_guard.tell
      }]
    } : null

    rotation = local.with.rotation ? {
      groups         = var.rotation.groups
      project        = var.project_id
      project_number = tonumber(local.number)
      publish        = { topic = var.rotation.topic }
      secrets = { for name, secret in var.rotation.secrets : name => merge(
        { for key, value in secret : key => value if !contains(["locations", "rotation_days"], key) },
        {
          consumers = [for key, consumer in secret.consumers : {
            name           = local.consumers["${name} ${key}"].name
            pinned_traffic = consumer.pinned_traffic
          }]
          target = local.targets[name]
        },
      ) }
    } : null

    scaling = local.with.scaling ? {
      calendars         = var.scaling.calendars
      max_override      = var.scaling.max_override
      publish           = { notify_before = var.scaling.notify_before, topic = var.scaling.topic }
      schedules         = var.scaling.schedules
      version           = 1
      writes_per_minute = var.scaling.writes_per_minute
      targets = [for name, target in var.scaling.targets : merge(
        { for key, value in target : key => value if key != "account" },
        { name = local.scaled[name] },
      )]
    } : null
  }

  # The programs refuse keys that they do not know, and null is a value to them: what was not set goes. A quotation mark within a
  # text is escaped, so that only a key can look like one.
  config = { for name, document in local.documents : name =>
    replace(replace(replace(jsonencode(document), "/,\"[\\w-]+\":null/", ""), "/{\"[\\w-]+\":null,/", "{"), "/{\"[\\w-]+\":null}/", "{}")
  }

  backup_bucket = "${var.project_id}-backups"
  # The database that is made here, by the name that Cloud SQL gives it.
  connection = try(var.platform.database, null) == null ? null : "${var.project_id}:${var.region}:main"
  socket_url = local.connection == null ? null : "host=/cloudsql/${local.connection} dbname=${module.database[0].database} user=backup"

  # A name with a slash is a full one; any other is of this project.
  scaled = { for name, target in try(var.scaling.targets, {}) : name => strcontains(name, "/") ? name : {
    service     = "projects/${var.project_id}/locations/${var.region}/services/${name}"
    sql         = "projects/${var.project_id}/instances/${name}"
    worker-pool = "projects/${var.project_id}/locations/${var.region}/workerPools/${name}"
  }[target.kind] }
}

# ---- who budget-guard tells

locals {
  channels = { for name, channel in try(var.budget_guard.channels, {}) : name => merge(
    { kind = channel.kind, topic = channel.topic },
    { for key in channel.secret == null ? [] : [channel.kind == "pagerduty" ? "routing_key" : "url"] : key => { file = "/secrets/${name}/value" } },
    { for key in channel.signing_secret == null ? [] : ["secret"] : key => { file = "/secrets/${name}-signing/value" } },
  ) }

  channel_secrets = merge(
    { for name, channel in try(var.budget_guard.channels, {}) : name => channel.secret if channel.secret != null },
    { for name, channel in try(var.budget_guard.channels, {}) : "${name}-signing" => channel.signing_secret if channel.signing_secret != null },
  )
}

# ---- what rotate-secrets gives a new credential to

locals {
  consumers = merge([for secret_name, secret in try(var.rotation.secrets, {}) : {
    for name, consumer in secret.consumers : "${secret_name} ${name}" => {
      account = consumer.account
      name    = strcontains(name, "/") ? name : "projects/${var.project_id}/locations/${var.region}/${consumer.kind}s/${name}"
    }
  }]...)

  targets = { for name, secret in try(var.rotation.secrets, {}) : name => {
    http-hook = try(merge({ for key, value in secret.target.http_hook : key => value if key != "key_secret" }, {
      key = { file = "/secrets/${name}-hook/value" }
    }), null)
    key-pair            = secret.target.key_pair
    postgres            = try(local.postgres_told[name], null)
    random              = try(secret.target.random, null)
    service-account-key = secret.target.service_account_key
  } }

  # The Cloud SQL instance of each Postgres target, where it is one.
  instances = { for name, secret in try(var.rotation.secrets, {}) : name => try(coalesce(
    secret.target.postgres.instance,
    startswith(coalesce(secret.target.postgres.host, "-"), "/cloudsql/") ? trimprefix(secret.target.postgres.host, "/cloudsql/") : null,
    secret.target.postgres.host == null ? local.connection : null,
  ), null) if secret.target.postgres != null }

  postgres = { for name, instance in local.instances : name => merge(var.rotation.secrets[name].target.postgres, {
    host     = var.rotation.secrets[name].target.postgres.host != null ? var.rotation.secrets[name].target.postgres.host : "/cloudsql/${instance}"
    instance = instance
  }) }

  postgres_told = { for name, target in local.postgres : name => merge(
    { for key, value in target : key => value if key != "instance" },
    {
      admin = {
        cloud-sql-api = target.admin.cloud_sql_api
        iam           = try({ user = coalesce(target.admin.iam.user, "rotate-secrets@${var.project_id}.iam") }, null)
        password      = try({ user = target.admin.password.user, password = { file = "/secrets/${name}-admin/value" } }, null)
      }
      database = coalesce(target.database, one(module.database[*].database), "-")
      # A text where it is only a form, a table where it is JSON.
      payload = jsondecode(target.payload.json == null ? jsonencode(target.payload.form) : jsonencode({ json = target.payload.json }))
      tls = try({
        mode              = target.tls.mode
        root_certificates = target.tls.root_certificates_secret == null ? null : "/secrets/${name}-ca/value"
      }, null)
    },
  ) }

  rotation_secrets = merge(
    { for name, secret in try(var.rotation.secrets, {}) : "${name}-hook" => secret.target.http_hook.key_secret if secret.target.http_hook != null },
    { for name, target in local.postgres : "${name}-admin" => target.admin.password.secret if target.admin.password != null },
    { for name, target in local.postgres : "${name}-ca" => target.tls.root_certificates_secret if try(target.tls.root_certificates_secret, null) != null },
  )
}
