# The functions; null switches one off. What they are told is made of these in config.tf, what they may do in reach.tf.

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
    topic               = optional(string) # is told how each run ended: projects/PROJECT/topics/NAME
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
  description = "What is done about spending: the steps of its ladder. It runs in this project, where it never acts: what it may take is in others. Keys as in functions/budget-guard/README.md."
  type = object({
    # The accounts that services in `steps` run as: projects/PROJECT/serviceAccounts/EMAIL.
    accounts                  = optional(set(string), [])
    allow_predictive_throttle = optional(bool)
    amount                    = optional(object({ max = optional(string), min = optional(string) }), {})
    currency                  = optional(string, "USD")
    mode                      = optional(string, "dry_run")
    # Numbers of the projects whose cost counts; this one without.
    project_numbers = optional(set(string), [])
    protected       = optional(list(string), [])
    tell            = optional(list(string))

    cap_billing = optional(object({
      enabled  = bool
      i_know   = string
      projects = list(string)
    }))

    # kind: slack, google_chat, pagerduty or webhook, whose address or key is the newest version of `secret`; or pubsub, with a topic.
    # A webhook's requests are signed with `signing_secret`.
    channels = map(object({
      kind           = string
      secret         = optional(string)
      signing_secret = optional(string)
      topic          = optional(string)
    }))

    steps = list(object({
      class         = string
      confirm       = optional(number)
      confirm_min   = optional(string)
      cool_down     = optional(string)
      do            = list(string)
      id            = string
      mode          = optional(string)
      release       = optional(string)
      release_after = optional(number)
      restore       = optional(string)

      when = object({
        actual          = optional(string)
        anomaly         = optional(object({ min = string }))
        google_forecast = optional(string)
        pace            = optional(string)
        runway_hours    = optional(number)
        spike           = optional(object({ factor = optional(number), floor = optional(string), min_buckets = optional(number) }))
      })
    }))
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
  description = "Secrets that change by themselves, by name. Keys as in functions/rotate-secrets/README.md, with _ for - in the names of kinds and recipes."
  type = object({
    groups   = optional(map(object({ distance = string })), {})
    schedule = optional(string, "*/5 * * * *")
    topic    = optional(string) # is told how rotations end: projects/PROJECT/topics/NAME

    secrets = map(object({
      aliases          = optional(bool)
      grace            = optional(string, "1h")
      group            = optional(string)
      lease            = optional(string)
      locations        = optional(list(string), [])
      max_age          = optional(string, "45d")
      max_candidates   = optional(number)
      min_gap          = optional(string)
      on_drift         = optional(string)
      propagation      = optional(string)
      publish_deadline = optional(string)
      revoke           = optional(bool)
      rollout_deadline = optional(string)
      rotation_days    = optional(number, 30)
      staging          = optional(string, "side")

      # Services and jobs of this project by name, or full names. What is not made here needs the account that it runs as,
      # projects/PROJECT/serviceAccounts/EMAIL.
      consumers = optional(map(object({
        account        = optional(string)
        kind           = optional(string, "service")
        pinned_traffic = optional(string)
      })), {})

      windows = optional(object({
        closed = optional(list(object({ from = string, to = string })))
        weekly = optional(list(object({ days = optional(list(string)), from = string, to = string })))
        zone   = optional(string)
      }))

      # One of these.
      target = object({
        http_hook = optional(object({
          key_secret = string # projects/PROJECT/secrets/NAME: what requests are signed with
          overlap    = optional(bool)
          revoke     = optional(bool)
          url        = string
          value = optional(object({
            base64    = optional(object({ bytes = optional(number, 32) }))
            base64url = optional(object({ bytes = optional(number, 32) }))
            hex       = optional(object({ bytes = optional(number, 32) }))
            password  = optional(object({ alphabet = optional(string), forbidden = optional(string), length = optional(number), no_lookalikes = optional(bool) }))
            words     = optional(object({ count = optional(number, 8), separator = optional(string, "-") }))
          }))
        }))

        key_pair = optional(object({
          algorithm = optional(string, "ed25519")
          keep      = optional(number, 1)
        }))

        postgres = optional(object({
          admin = optional(object({
            cloud_sql_api = optional(object({ instance = string, project = optional(string) }))
            iam           = optional(object({ user = optional(string) }))
            password      = optional(object({ secret = string, user = string })) # the secret holds the role's password
          }), { iam = {} })
          also_known_as = optional(list(string))
          database      = optional(string)
          host          = optional(string) # the socket of `instance`, without
          instance      = optional(string) # PROJECT:REGION:NAME; platform.database, without
          owner_role    = optional(string)
          port          = optional(number)
          rights        = optional(list(object({ rights = list(string), table = string })))
          tls           = optional(object({ mode = string, root_certificates_secret = optional(string) }))
          users         = list(string)
          password = optional(object({
            base64    = optional(object({ bytes = optional(number, 32) }))
            base64url = optional(object({ bytes = optional(number, 32) }))
            hex       = optional(object({ bytes = optional(number, 32) }))
            password  = optional(object({ alphabet = optional(string), forbidden = optional(string), length = optional(number), no_lookalikes = optional(bool) }))
            words     = optional(object({ count = optional(number, 8), separator = optional(string, "-") }))
          }))
          payload = optional(object({
            form = optional(string, "text") # or url; json, where `json` says what is where
            json = optional(object({
              database = optional(string)
              host     = optional(string)
              password = optional(string)
              port     = optional(string)
              urls     = optional(list(string))
              user     = optional(string)
            }))
          }), {})
        }))

        random = optional(object({
          ahead = optional(bool)
          keep  = optional(number)
          value = optional(object({
            base64    = optional(object({ bytes = optional(number, 32) }))
            base64url = optional(object({ bytes = optional(number, 32) }))
            hex       = optional(object({ bytes = optional(number, 32) }))
            password  = optional(object({ alphabet = optional(string), forbidden = optional(string), length = optional(number), no_lookalikes = optional(bool) }))
            words     = optional(object({ count = optional(number, 8), separator = optional(string, "-") }))
          }))
        }))

        service_account_key = optional(object({
          account    = string
          delete     = optional(bool)
          valid_days = optional(number)
        }))
      })
    }))
  })
  default = null

  validation {
    condition     = try(alltrue([for secret in var.rotation.secrets : length([for settings in values(secret.target) : true if settings != null]) == 1]), true)
    error_message = "target has one kind: http_hook, key_pair, postgres, random or service_account_key."
  }

  validation {
    condition = try(alltrue([for secret in var.rotation.secrets :
      secret.target.postgres == null || try(coalesce(secret.target.postgres.host, secret.target.postgres.instance, try(var.platform.database.tier, null)), null) != null
    ]), true)
    error_message = "a postgres target needs host, or the instance whose socket it is, where there is no platform.database."
  }
}

variable "scaling" {
  description = "Instances by the clock. Keys as in functions/scheduled-scaling/README.md. Everything is named here and nothing found by its label, so that the function may change what is named and nothing else."
  type = object({
    calendars         = optional(map(object({ dates = list(string) })), {})
    max_override      = optional(string)
    notify_before     = optional(string)
    topic             = optional(string) # is told what is new: projects/PROJECT/topics/NAME
    writes_per_minute = optional(number)

    schedules = map(object({
      default = object({
        level  = optional(string) # "original" or "keep", in place of the others
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

    # Of this project by name, or full names. A service that is not made here needs the account that it runs as,
    # projects/PROJECT/serviceAccounts/EMAIL.
    targets = map(object({
      account   = optional(string)
      after     = optional(list(string))
      interrupt = optional(string)
      kind      = optional(string, "service")
      on_drift  = optional(string)
      release   = optional(string)
      schedule  = string
    }))
  })
  default = null

  validation {
    condition     = try(alltrue([for target in var.scaling.targets : contains(["service", "sql", "worker-pool"], target.kind)]), true)
    error_message = "the kind of a target is service, sql or worker-pool."
  }
}
