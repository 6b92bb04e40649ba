variable "ack_deadline" {
  description = "How long a push may take, in seconds, before the message comes again."
  type        = number
  default     = 600
}

variable "agent" {
  description = "Member of Pub/Sub's service agent: it moves messages to the dead-letter topic and signs the push's tokens."
  type        = string
}

variable "audience" {
  description = "What the service expects in a token."
  type        = string
}

variable "filter" {
  description = "Which messages are delivered; it cannot be changed later without making the subscription anew."
  type        = string
  default     = ""
}

variable "labels" {
  description = "Labels of everything that takes some."
  type        = map(string)
  default     = {}
}

variable "max_attempts" {
  description = "Deliveries before a message is laid aside for a person."
  type        = number
  default     = 10

  validation {
    condition     = var.max_attempts >= 5 && var.max_attempts <= 100
    error_message = "max_attempts must be 5 to 100, which is what Pub/Sub takes."
  }
}

variable "name" {
  description = "Name of the topic and of what belongs to it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{3,24}$", var.name))
    error_message = "name must be 4 to 25 small letters, digits and hyphens, and begin with a letter: the push's account is called after it."
  }
}

variable "project_id" {
  description = "Project of topic and subscription."
  type        = string
}

variable "publishers" {
  description = "Who may publish: a name of your choice to a member."
  type        = map(string)
  default     = {}
}

variable "uri" {
  description = "Address of the service that is pushed to."
  type        = string
}
