variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
  default     = {}
}

variable "keep" {
  description = "Newest versions of each image that are never deleted."
  type        = number
  default     = 20
}

variable "name" {
  description = "Name of the repository."
  type        = string
}

variable "project_id" {
  description = "Project of the repository."
  type        = string
}

variable "readers" {
  description = "Who pulls: a name of your choice to a member."
  type        = map(string)
  default     = {}
}

variable "region" {
  description = "Region of the repository."
  type        = string
}

variable "writers" {
  description = "Who pushes: a name of your choice to a member."
  type        = map(string)
  default     = {}
}
