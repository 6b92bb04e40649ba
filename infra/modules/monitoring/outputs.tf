output "alerts" {
  description = "The runbooks that the alerts lead to: docs/runbooks has one of each."
  value = toset(concat(
    contains(var.functions, "backup") ? ["backup-overdue"] : [],
    contains(var.functions, "scaling") ? ["scaling-silent"] : [],
    length(var.services) > 0 ? ["service-errors"] : [],
    length(var.uptime) > 0 ? ["service-down"] : [],
    keys(local.heard),
    keys(local.thresholds),
    [for silence in var.silences : silence.runbook],
  ))
}

output "emails" {
  description = "Full names of the channels by e-mail, which is what a budget takes."
  value       = local.emails
}
