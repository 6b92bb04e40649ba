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

variable "deletion_protection" {
  description = "Whether services, jobs, secrets, the database and the cache refuse to be deleted; as it was not said, in production. Apply it as false before you take anything away."
  type        = bool
  default     = null
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
