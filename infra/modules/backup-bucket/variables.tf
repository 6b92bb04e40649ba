variable "archive_after_days" {
  description = "Age at which an object moves to Archive; 0 for never. Archive bills 365 days at least."
  type        = number
  default     = 0
}

variable "coldline_after_days" {
  description = "Age at which an object moves to Coldline; 0 for never. Coldline bills 90 days at least."
  type        = number
  default     = 30
}

variable "grants" {
  description = "Who may do what: a name of your choice to a member and a role."
  type = map(object({
    member = string
    role   = string
  }))
}

variable "key_protection_level" {
  description = "Whether the key is kept in software or in a hardware module."
  type        = string
  default     = "SOFTWARE"

  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.key_protection_level)
    error_message = "key_protection_level must be SOFTWARE or HSM."
  }
}

variable "labels" {
  description = "Labels of bucket and key."
  type        = map(string)
  default     = {}
}

variable "location" {
  description = "Region of bucket and key; a backup is best kept in another than the database."
  type        = string
}

variable "name" {
  description = "Name of the bucket, unique in the world."
  type        = string
}

variable "project_id" {
  description = "Project of bucket and key."
  type        = string
}

variable "retention_days" {
  description = "Days during which nobody deletes or overwrites an object, whatever their rights."
  type        = number
  default     = 7
}

variable "soft_delete_days" {
  description = "Days during which a deleted object can be had back; 0, or 7 to 90. It is paid for."
  type        = number
  default     = 7

  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "soft_delete_days must be 0, or 7 to 90."
  }
}

variable "storage_agent" {
  description = "Member of Cloud Storage's service agent, which encrypts with the key."
  type        = string
}
