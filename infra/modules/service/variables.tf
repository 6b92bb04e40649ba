variable "cpu" {
  description = "Processors of an instance."
  type        = string
  default     = "1"
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the service."
  type        = bool
  default     = true
}

variable "env" {
  description = "Variables of the container that are no secrets."
  type        = map(string)
  default     = {}
}

variable "health_path" {
  description = "Path that answers 2xx while the container is well. Google's front end keeps paths that end in z to itself."
  type        = string
  default     = "/health"

  validation {
    condition     = startswith(var.health_path, "/") && !endswith(var.health_path, "z")
    error_message = "health_path must begin with / and must not end in z."
  }
}

variable "image" {
  description = "The image, by digest. Terraform creates the service with it; from then on the pipeline moves it."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must end in @sha256: and 64 hexadecimal digits: a tag can be moved under you."
  }
}

variable "ingress" {
  description = "Who reaches it: everybody, the load balancer, or the VPC."
  type        = string
  default     = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"

  validation {
    condition     = contains(["INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "INGRESS_TRAFFIC_INTERNAL_ONLY"], var.ingress)
    error_message = "ingress must be INGRESS_TRAFFIC_ALL, INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER or INGRESS_TRAFFIC_INTERNAL_ONLY."
  }
}

variable "invokers" {
  description = "Who may call it: a name of your choice to a member."
  type        = map(string)
  default     = {}
}

variable "labels" {
  description = "Labels of the service."
  type        = map(string)
  default     = {}
}

variable "max_instances" {
  description = "Most instances at the beginning; scheduled-scaling and budget-guard move it."
  type        = number
  default     = 10
}

variable "memory" {
  description = "Memory of an instance."
  type        = string
  default     = "512Mi"
}

variable "min_instances" {
  description = "Least instances at the beginning; scheduled-scaling and budget-guard move it."
  type        = number
  default     = 0
}

variable "name" {
  description = "Name of the service and its account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{3,29}$", var.name))
    error_message = "name must be 4 to 30 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "open_to_all" {
  description = "Whether it is called without an identity, as a public web site behind the load balancer is. Cloud Run's check is switched off; no grant to everybody is made."
  type        = bool
  default     = false
}

variable "port" {
  description = "Port that the container listens on."
  type        = number
  default     = 8080
}

variable "project_id" {
  description = "Project of the service."
  type        = string
}

variable "region" {
  description = "Region of the service."
  type        = string
}

variable "secrets" {
  description = "Secrets as variables: the variable to the secret's full name and the version or alias. Each instance reads it once, at its start."
  type = map(object({
    secret  = string
    version = optional(string, "latest")
  }))
  default = {}
}

variable "vpc" {
  description = "Network and subnetwork for addresses that only the VPC knows, such as a database's."
  type = object({
    network    = string
    subnetwork = string
  })
  default = null
}
