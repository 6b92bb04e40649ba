variable "database" {
  description = "Name of the database in the instance."
  type        = string
  default     = "app"
}

variable "deletion_protection" {
  description = "Whether Terraform and Google refuse to delete the instance."
  type        = bool
  default     = true
}

variable "disk_gb" {
  description = "Size of the disk at the beginning; it grows by itself."
  type        = number
  default     = 20
}

variable "flags" {
  description = "Flags of PostgreSQL beside those that log what an operator needs."
  type        = map(string)
  default     = {}
}

variable "highly_available" {
  description = "Whether a second zone takes over; doubles the price."
  type        = bool
  default     = false
}

variable "labels" {
  description = "Labels of the instances."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Name of the instance. A deleted one's stays taken for a week."
  type        = string
}

variable "network" {
  description = "Full name of the network with private services access."
  type        = string
}

variable "point_in_time_days" {
  description = "Days of write-ahead log for recovery to any instant, 1 to 7 (Enterprise)."
  type        = number
  default     = 7
}

variable "project_id" {
  description = "Project of the instance."
  type        = string
}

variable "region" {
  description = "Region of the instance."
  type        = string
}

variable "replica_region" {
  description = "Region of a read replica to be promoted in a disaster; null for none."
  type        = string
  default     = null
}

variable "tier" {
  description = "Machine type, such as db-custom-2-7680."
  type        = string
  default     = "db-custom-1-3840"
}

variable "postgres_version" {
  description = "Version of PostgreSQL."
  type        = string
  default     = "POSTGRES_17"

  validation {
    condition     = contains(["POSTGRES_16", "POSTGRES_17", "POSTGRES_18"], var.postgres_version)
    error_message = "postgres_version must be POSTGRES_16, POSTGRES_17 or POSTGRES_18: older ones are near their end."
  }
}
