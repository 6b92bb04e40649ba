variable "cidr" {
  description = "Addresses of the subnetwork. Cloud Run with direct egress takes about two per instance, and /26 at least."
  type        = string
  default     = "10.10.0.0/22"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) <= 26, false)
    error_message = "cidr must be a range such as 10.10.0.0/22, of /26 or larger."
  }
}

variable "name" {
  description = "Name of network and subnetwork."
  type        = string
}

variable "project_id" {
  description = "Project of the network."
  type        = string
}

variable "region" {
  description = "Region of the subnetwork."
  type        = string
}

variable "services_prefix_length" {
  description = "Size of the range that Google's managed services (Cloud SQL, Memorystore) take addresses from."
  type        = number
  default     = 20
}
