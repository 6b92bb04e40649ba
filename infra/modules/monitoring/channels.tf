# Who is told. The keys are ephemeral variables: they pass through Terraform's memory, and are in no plan and no state.

resource "google_monitoring_notification_channel" "email" {
  for_each = var.channels.emails

  project      = var.project_id
  display_name = "${each.key} by e-mail"
  type         = "email"
  user_labels  = var.labels
  labels       = { email_address = each.value }
}

resource "google_monitoring_notification_channel" "slack" {
  count = var.channels.slack == null ? 0 : 1

  project      = var.project_id
  display_name = "Slack"
  type         = "slack"
  user_labels  = var.labels
  labels       = { channel_name = var.channels.slack.channel }

  sensitive_labels {
    auth_token_wo         = var.slack_token
    auth_token_wo_version = var.channels.slack.token_version
  }
}

resource "google_monitoring_notification_channel" "pagerduty" {
  count = var.channels.pagerduty == null ? 0 : 1

  project      = var.project_id
  display_name = "PagerDuty"
  type         = "pagerduty"
  user_labels  = var.labels

  sensitive_labels {
    service_key_wo         = var.pagerduty_key
    service_key_wo_version = var.channels.pagerduty.key_version
  }
}

locals {
  emails = [for channel in google_monitoring_notification_channel.email : channel.id]
  # What wakes somebody, and what waits for the morning.
  loud  = concat(local.emails, google_monitoring_notification_channel.slack[*].id, google_monitoring_notification_channel.pagerduty[*].id)
  quiet = concat(local.emails, google_monitoring_notification_channel.slack[*].id)
}
