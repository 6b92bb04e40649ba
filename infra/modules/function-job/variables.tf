variable "args" {
  description = "The command and its options."
  type        = list(string)
}

variable "config" {
  description = "The program's configuration, as JSON."
  type        = string

  validation {
    condition     = can(jsondecode(var.config)) && length(var.config) <= 32768
    error_message = "config must be JSON of at most 32 KiB: that is what Cloud Run takes in a variable."
  }
}

variable "cpu" {
  description = "Processors of a task."
  type        = string
  default     = "1"
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the job."
  type        = bool
  default     = true
}

variable "image" {
  description = "The image, by digest. Terraform creates the job with it; from then on the pipeline moves it."
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

variable "max_retries" {
  description = "How often a task that failed is tried again. Each try gets the whole timeout."
  type        = number
  default     = 1
}

variable "memory" {
  description = "Memory of a task."
  type        = string
  default     = "512Mi"
}

variable "name" {
  description = "Name of the job, its account and its schedule."
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

variable "schedule" {
  description = "When it starts, in five fields of cron; null for a job that only people start."
  type        = string
  default     = null
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

variable "tasks" {
  description = "Tasks that work side by side."
  type        = number
  default     = 1
}

variable "time_zone" {
  description = "Time zone of the schedule."
  type        = string
  default     = "Etc/UTC"
}

variable "timeout" {
  description = "Longest time of one try, in seconds."
  type        = number
  default     = 3600

  validation {
    condition     = var.timeout >= 60 && var.timeout <= 604800
    error_message = "timeout must be 60 to 604800 seconds (seven days), which is what Cloud Run takes."
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
