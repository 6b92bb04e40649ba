variable "deletion_protection" {
  description = "Whether Google refuses to delete the instance."
  type        = bool
  default     = true
}

variable "highly_available" {
  description = "Whether a second zone takes over."
  type        = bool
  default     = false
}

variable "labels" {
  description = "Labels of the instance."
  type        = map(string)
  default     = {}
}

variable "memory_gb" {
  description = "Memory in GB."
  type        = number
  default     = 1
}

variable "name" {
  description = "Name of the instance."
  type        = string
}

variable "network" {
  description = "Full name of the network with private services access."
  type        = string
}

variable "project_id" {
  description = "Project of the instance."
  type        = string
}

variable "region" {
  description = "Region of the instance."
  type        = string
}
