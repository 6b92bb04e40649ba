variable "cdn" {
  description = "Whether static answers are kept at the edge. It cannot be combined with iap_members."
  type        = bool
  default     = false

  validation {
    condition     = !(var.cdn && length(var.iap_members) > 0)
    error_message = "cdn and iap_members exclude each other: answers that are kept are given without asking who wants them."
  }
}

variable "domains" {
  description = "Names that the certificate is for; their DNS must lead to the address."
  type        = list(string)

  validation {
    condition     = length(var.domains) > 0
    error_message = "domains must name at least one."
  }
}

variable "iap_members" {
  description = "Who gets through Identity-Aware Proxy: a name of your choice to a member. Empty lets everybody in."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Labels of address and forwarding rules."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Name of everything here."
  type        = string
}

variable "project_id" {
  description = "Project of the load balancer."
  type        = string
}

variable "rate_per_minute" {
  description = "Requests that one address may make in a minute before it gets 429."
  type        = number
  default     = 600
}

variable "services" {
  description = "The Cloud Run service in each region: region to name. Users reach the nearest."
  type        = map(string)
}

variable "waf_preview" {
  description = "Whether rules against attacks only log what they would have refused. Begin so, and read the log for a week."
  type        = bool
  default     = true
}
