variable "args" {
  description = "Arguments of the program behind `serve --auth iam`, such as a pull subscription."
  type        = list(string)
  default     = []
}

variable "callers" {
  description = "Who may call it besides its own schedules: a name of your choice to the e-mail address of a service account."
  type        = map(string)
  default     = {}
}

variable "concurrency" {
  description = "Requests that one instance takes at once."
  type        = number
  default     = 4
}

variable "config" {
  description = "The program's configuration, as JSON."
  type        = string

  validation {
    condition     = can(jsondecode(var.config)) && length(var.config) <= 32768
    error_message = "config must be JSON of at most 32 KiB: that is what Cloud Run takes in a variable."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the service."
  type        = bool
  default     = true
}

variable "image" {
  description = "The image, by digest. Terraform creates the service with it; from then on the pipeline moves it."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must end in @sha256: and 64 hexadecimal digits: a tag can be moved under you."
  }
}

variable "labels" {
  description = "Labels of everything that takes some."
  type        = map(string)
  default     = {}
}

variable "max_instances" {
  description = "Most instances at once. One is enough where only one may act anyway; two keep answering during a deploy."
  type        = number
  default     = 2
}

variable "memory" {
  description = "Memory of an instance."
  type        = string
  default     = "256Mi"
}

variable "name" {
  description = "Name of the service, its account and its schedules."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{3,24}$", var.name))
    error_message = "name must be 4 to 25 small letters, digits and hyphens, and begin with a letter: service accounts have 30, and the scheduler's is called after it."
  }
}

variable "project_id" {
  description = "Project it runs in."
  type        = string
}

variable "region" {
  description = "Region it runs in."
  type        = string
}

variable "schedules" {
  description = "Calls by the clock: the name of each, when, and the command it carries."
  type = map(object({
    command   = map(string)
    deadline  = optional(string, "300s")
    schedule  = string
    time_zone = optional(string, "Etc/UTC")
  }))
  default = {}
}

variable "secret_files" {
  description = "Secrets as files: a name to the secret's full name. The newest version is in /secrets/NAME/value, read at each access."
  type        = map(string)
  default     = {}
}

variable "sql_instances" {
  description = "Connection names of Cloud SQL instances whose sockets appear below /cloudsql."
  type        = list(string)
  default     = []
}

variable "timeout" {
  description = "Longest request, in seconds. Pub/Sub's push waits no longer than 600."
  type        = number
  default     = 300

  validation {
    condition     = var.timeout >= 10 && var.timeout <= 3600
    error_message = "timeout must be 10 to 3600 seconds, which is what Cloud Run takes."
  }
}

variable "vpc" {
  description = "Network and subnetwork for addresses that only the VPC knows, such as a database's."
  type = object({
    network    = string
    subnetwork = string
  })
  default = null
}
