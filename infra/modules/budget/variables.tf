variable "amount" {
  description = "Amount of the budget in whole units of the account's currency; null follows what the last period cost."
  type        = number
  default     = null
}

variable "billing_account" {
  description = "Id of the billing account, such as 01D4EE-079462-DFD6EC."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account must be three groups of six hexadecimal digits, such as 01D4EE-079462-DFD6EC."
  }
}

variable "channels" {
  description = "Full names of notification channels, of the type e-mail: a budget takes no others."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.channels) <= 5
    error_message = "a budget takes at most five channels."
  }
}

variable "currency" {
  description = "Currency of the billing account; any other is refused by the API."
  type        = string
  default     = "USD"
}

variable "name" {
  description = "Display name of the budget."
  type        = string
}

variable "project_numbers" {
  description = "Numbers of the projects it counts. Ids would come back as numbers, and every plan would differ."
  type        = list(string)

  validation {
    condition     = length(var.project_numbers) > 0 && alltrue([for number in var.project_numbers : can(regex("^[0-9]+$", number))])
    error_message = "project_numbers must be numbers, at least one: gcloud projects describe PROJECT --format='value(projectNumber)'."
  }
}

variable "thresholds" {
  description = "Shares of the amount at which people are told: of what was spent, and of what Google expects."
  type = object({
    actual     = list(number)
    forecasted = list(number)
  })
  default = { actual = [0.5, 0.8, 0.9, 1.0], forecasted = [1.0] }

  validation {
    condition     = alltrue([for share in concat(var.thresholds.actual, var.thresholds.forecasted) : share > 0 && share <= 10])
    error_message = "thresholds are shares: 0.9 for 90 %."
  }
}

variable "topic" {
  description = "Full name of the topic that is told several times a day. Billing grants itself the right to publish; whoever applies needs pubsub.topics.setIamPolicy on it."
  type        = string
}
