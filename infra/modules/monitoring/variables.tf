variable "backup_age_seconds" {
  description = "How old the newest good backup of a database may be: a day, and two hours for the run itself."
  type        = number
  default     = 93600

  validation {
    condition     = var.backup_age_seconds > 86400 && var.backup_age_seconds < 172800
    error_message = "backup_age_seconds must lie between a day and two, 86400 and 172800."
  }
}

variable "channels" {
  description = "Who is told: e-mail addresses by name, a Slack channel, a PagerDuty service. The keys of the last two are variables of their own; raise the version to have a new one taken over."
  type = object({
    emails    = map(string)
    pagerduty = optional(object({ key_version = optional(string, "1") }))
    slack     = optional(object({ channel = string, token_version = optional(string, "1") }))
  })

  validation {
    condition     = length(var.channels.emails) > 0
    error_message = "channels.emails must have at least one: an alert that nobody hears is none."
  }
}

variable "databases" {
  description = "Cloud SQL instances by name, with the connections they take."
  type        = map(number)
  default     = {}
}

variable "dead_letters" {
  description = "Names of the subscriptions that hold what nobody could handle."
  type        = set(string)
  default     = []
}

variable "functions" {
  description = "The functions that are deployed, for the alerts on what they log: backup, rotation, scaling, budget."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.functions, ["backup", "rotation", "scaling", "budget"])) == 0
    error_message = "functions are backup, rotation, scaling and budget."
  }
}

variable "jobs" {
  description = "Cloud Run jobs of which no execution may fail."
  type        = set(string)
  default     = []
}

variable "labels" {
  description = "Labels of policies and channels."
  type        = map(string)
  default     = {}
}

variable "latency_ms" {
  description = "The 95th of a hundred requests to a service must be faster than this, in milliseconds."
  type        = number
  default     = 500
}

variable "pagerduty_key" {
  description = "Integration key of the PagerDuty service, from TF_VAR_pagerduty_key."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "project_id" {
  description = "Project that is watched."
  type        = string
}

variable "runbooks" {
  description = "Where the runbooks are: the address of docs/runbooks in your repository."
  type        = string
  default     = "docs/runbooks"
}

variable "services" {
  description = "Cloud Run services whose errors and speed count."
  type        = set(string)
  default     = []
}

variable "silences" {
  description = "What must be heard of regularly, by a name of your choice: a service by its 2xx answers or a push subscription by the messages that were taken, the seconds without one, and the runbook."
  type = map(object({
    runbook      = string
    seconds      = number
    service      = optional(string)
    subscription = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for silence in var.silences : silence.seconds >= 120 && silence.seconds <= 84600 && silence.seconds % 60 == 0])
    error_message = "seconds must be whole minutes, 120 to 84600: Cloud Monitoring remembers no longer."
  }

  validation {
    condition     = alltrue([for silence in var.silences : (silence.service == null) != (silence.subscription == null)])
    error_message = "a silence is of a service or of a subscription."
  }
}

variable "slack_token" {
  description = "Token of the Slack app, from TF_VAR_slack_token."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "uptime" {
  description = "Addresses asked for from three continents: the host, and whether Monitoring's own token is needed."
  type = map(object({
    host    = string
    path    = optional(string, "/health")
    private = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = alltrue([for check in var.uptime : !can(regex("/", check.host))])
    error_message = "host is a host, not an address with https://."
  }
}
