variable "github_repository_id" {
  description = "Number of the repository on GitHub that deploys: gh api repos/OWNER/NAME --jq .id"
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.github_repository_id))
    error_message = "github_repository_id must be a number: names can be registered again by somebody else."
  }
}

variable "labels" {
  description = "Labels of what takes some."
  type        = map(string)
  default     = { app = "nightshift" }
}

variable "project_id" {
  description = "Project of one environment."
  type        = string
}

variable "region" {
  description = "Region of the state's bucket and its key."
  type        = string
}
