# The nine without a default are what an operator has to say.

variable "billing_account" {
  description = "Id of the billing account, such as 01D4EE-079462-DFD6EC."
  type        = string
}

variable "database_url" {
  description = "The database to back up, as a libpq URL without a password. With `platform.database` leave it null: it is that one, by its socket."
  type        = string
}

variable "emails" {
  description = "Who hears alerts: a name of your choice to an address."
  type        = map(string)
}

variable "environment" {
  description = "dev, staging or production."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "environment must be dev, staging or production."
  }
}

variable "github" {
  description = "Who deploys: the repository's number, and the pool that bootstrap printed."
  type = object({
    pool          = string
    repository_id = string
  })
}

variable "images" {
  description = "Images by digest: of each function that is switched on, and of each service of the platform, by name."
  type        = map(string)
}

variable "monthly_budget" {
  description = "Budget of the project in whole units of the billing account's currency."
  type        = number
}

variable "project_id" {
  description = "Project of this environment."
  type        = string
}

variable "region" {
  description = "Region of everything regional."
  type        = string
}

# ---- who may be told besides by e-mail

variable "pagerduty" {
  description = "Whether PagerDuty is told too; its key comes in TF_VAR_pagerduty_key."
  type        = object({ key_version = optional(string, "1") })
  default     = null
}

variable "pagerduty_key" {
  description = "Integration key of the PagerDuty service."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "slack" {
  description = "A Slack channel that is told too; its token comes in TF_VAR_slack_token."
  type        = object({ channel = string, token_version = optional(string, "1") })
  default     = null
}

variable "slack_token" {
  description = "Token of the Slack app."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

# ---- the functions; null switches one off

variable "backup" {
  description = "Backups: when, where to, and how long. Keys as in functions/backup/README.md."
  type = object({
    bucket_location     = optional(string)
    coldline_after_days = optional(number, 30)
    password_secret     = optional(string)
    recipients          = optional(list(string), [])
    retention_days      = optional(number, 7)
    schedule            = optional(string, "15 2 * * *")
    tasks               = optional(number, 1)
    timeout             = optional(number, 14400)
    workers             = optional(number, 2)

    drill = optional(object({
      password_secret = optional(string)
      schedule        = optional(string, "30 4 * * 0")
      scratch         = string
    }))

    objectives = optional(object({
      proven_within = optional(string, "8d")
      rpo           = optional(string, "26h")
      rto           = optional(string, "1h")
    }), {})

    retention = optional(object({
      daily            = optional(number, 14)
      max_delete_ratio = optional(number, 0.5)
      min_keep         = optional(number, 3)
      monthly          = optional(number, 12)
      time_zone        = optional(string, "UTC")
      weekly           = optional(number, 8)
      yearly           = optional(number, 0)
    }), {})
  })
  default = {}

  validation {
    condition     = try(var.backup.tasks == 1 || var.backup.retention_days == 0, true)
    error_message = "several tasks write their signs of life again and again, which retention_days forbids: set tasks = 1 or retention_days = 0."
  }
}

variable "budget_guard" {
  description = "What is done about spending: the steps of its ladder. Without steps it only listens. Keys as in functions/budget-guard/README.md."
  type = object({
    amount = optional(object({ max = optional(string), min = optional(string) }), {})
    # kind: slack, google_chat or pagerduty, whose address or key is the newest version of a secret; or pubsub, with a topic.
    channels = optional(map(object({
      kind   = string
      secret = optional(string)
      topic  = optional(string)
    })), {})
    currency      = optional(string, "USD")
    guard_project = string
    mode          = optional(string, "dry_run")
    protected     = optional(list(string), [])

    steps = optional(list(object({
      class   = string
      do      = list(string)
      id      = string
      release = optional(string)
      restore = optional(string)
      when    = map(string)
    })), [])
  })
  default = null

  validation {
    condition     = try(contains(["dry_run", "enforce"], var.budget_guard.mode), true)
    error_message = "budget_guard.mode must be dry_run or enforce."
  }

  validation {
    condition     = try(alltrue([for channel in var.budget_guard.channels : (channel.kind == "pubsub" ? channel.topic : channel.secret) != null]), true)
    error_message = "a channel of the kind pubsub needs topic, every other one secret: projects/PROJECT/secrets/NAME."
  }
}

variable "rotation" {
  description = "Secrets that change by themselves. Keys as in functions/rotate-secrets/README.md."
  type = object({
    secrets = map(object({
      consumers     = optional(list(string), [])
      grace         = optional(string, "1h")
      group         = optional(string)
      locations     = optional(list(string), [])
      max_age       = optional(string, "45d")
      rotation_days = optional(number, 30)
      target        = object({ random = optional(object({ bytes = optional(number, 32) })) })
    }))
    groups   = optional(map(object({ distance = string })), {})
    schedule = optional(string, "*/10 * * * *")
  })
  default = null
}

variable "scaling" {
  description = "Instances by the clock. Keys as in functions/scheduled-scaling/README.md."
  type = object({
    calendars = optional(map(object({ dates = list(string) })), {})

    schedules = map(object({
      default = object({
        level  = optional(string)
        manual = optional(number)
        max    = optional(number)
        min    = optional(number)
        power  = optional(string)
      })
      limits    = optional(object({ max = number, min = number }))
      overlap   = optional(string)
      time_zone = string

      exceptions = optional(list(object({
        as       = optional(string)
        calendar = optional(string)
        closed   = optional(bool)
        dates    = optional(list(string))
        level    = optional(string)
        manual   = optional(number)
        max      = optional(number)
        min      = optional(number)
        power    = optional(string)
      })), [])

      transitions = optional(list(object({
        at     = string
        level  = optional(string)
        manual = optional(number)
        max    = optional(number)
        min    = optional(number)
        power  = optional(string)
      })), [])

      windows = optional(list(object({
        days     = string
        from     = string
        lead     = optional(string)
        level    = optional(string)
        manual   = optional(number)
        max      = optional(number)
        min      = optional(number)
        name     = string
        power    = optional(string)
        priority = optional(number)
        to       = string
      })), [])
    }))

    targets = map(object({
      after    = optional(list(string))
      kind     = optional(string, "service")
      schedule = string
    }))
  })
  default = null
}

# ---- the platform they look after; null leaves it to you

variable "platform" {
  description = "Services, database, cache and the way in. Names of services are also the keys of images."
  type = object({
    cidr    = optional(string, "10.10.0.0/22")
    domains = optional(list(string), [])

    cache = optional(object({
      highly_available = optional(bool, false)
      memory_gb        = optional(number, 1)
    }))

    database = optional(object({
      connections      = optional(number, 100)
      highly_available = optional(bool, false)
      replica_region   = optional(string)
      tier             = optional(string, "db-custom-1-3840")
      version          = optional(string, "POSTGRES_17")
    }))

    edge = optional(object({
      cdn             = optional(bool, false)
      iap_members     = optional(map(string), {})
      rate_per_minute = optional(number, 600)
      waf_preview     = optional(bool, true)
    }), {})

    services = optional(map(object({
      cpu           = optional(string, "1")
      env           = optional(map(string), {})
      health_path   = optional(string, "/health")
      max_instances = optional(number, 10)
      memory        = optional(string, "512Mi")
      min_instances = optional(number, 0)
      public        = optional(bool, false)
      secrets       = optional(map(object({ secret = string, version = optional(string, "latest") })), {})
    })), {})
  })
  default = null
}

variable "runbooks" {
  description = "Address of docs/runbooks in your repository, for the links in alerts."
  type        = string
  default     = "docs/runbooks"
}
