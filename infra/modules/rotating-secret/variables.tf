variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the secret."
  type        = bool
  default     = true
}

variable "labels" {
  description = "Labels of the secret."
  type        = map(string)
  default     = {}
}

variable "locations" {
  description = "Regions that hold it; empty leaves the choice to Google. It cannot be changed later."
  type        = list(string)
  default     = []
}

variable "name" {
  description = "Name of the secret."
  type        = string
}

variable "project_id" {
  description = "Project of the secret."
  type        = string
}

variable "readers" {
  description = "Who reads the value: a name of your choice to a member."
  type        = map(string)
  default     = {}
}

variable "rotation_days" {
  description = "Days between rotations."
  type        = number
  default     = 30

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 365
    error_message = "rotation_days must be 1 to 365."
  }
}

variable "rotator" {
  description = "Who rotates: the account's member, and the full names of the custom roles for the secret and for the one where candidates wait."
  type = object({
    candidate_role = string
    member         = string
    role           = string
  })
}

variable "side" {
  description = "Whether candidates wait in a secret of their own, NAME-next."
  type        = bool
  default     = true
}

variable "topic" {
  description = "Full name of the topic that is told; Secret Manager's agent must be able to publish to it before the secret is made."
  type        = string
}
