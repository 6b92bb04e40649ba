variable "accounts" {
  description = "Accounts that the deployed services and jobs run as: a name of your choice to the full name. Deploying a revision means acting as its account."
  type        = map(string)
}

variable "calls" {
  description = "Whether there are functions, which a deploy has called by their clocks."
  type        = bool
  default     = false
}

variable "environment" {
  description = "Environment of GitHub that may deploy here; its protection rules are who approves."
  type        = string
}

variable "jobs" {
  description = "Jobs it deploys."
  type        = set(string)
  default     = []
}

variable "pool" {
  description = "Full name of the workload identity pool, which bootstrap made: projects/NUMBER/locations/global/workloadIdentityPools/github."
  type        = string

  validation {
    condition     = can(regex("^projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]+$", var.pool))
    error_message = "pool must be projects/NUMBER/locations/global/workloadIdentityPools/NAME, with the project's number."
  }
}

variable "project_id" {
  description = "Project it deploys to."
  type        = string
}

variable "ref" {
  description = "The only git reference whose workflows may deploy; `release` stands for the tags that begin with v."
  type        = string
  default     = "refs/heads/main"
}

variable "region" {
  description = "Region it deploys to."
  type        = string
}

variable "repository" {
  description = "Name of the Artifact Registry repository it pushes to and pulls from."
  type        = string
}

variable "repository_id" {
  description = "Number of the repository on GitHub: names can be registered again by somebody else, numbers cannot."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.repository_id))
    error_message = "repository_id must be a number: gh api repos/OWNER/NAME --jq .id"
  }
}

variable "services" {
  description = "Services it deploys."
  type        = set(string)
  default     = []
}
