# A budget over some projects. Its thresholds only write e-mails; what is done about spending is budget-guard's, which hears every
# notification and has a ladder of its own.

resource "google_billing_budget" "this" {
  billing_account = var.billing_account
  display_name    = var.name

  budget_filter {
    projects               = [for number in var.project_numbers : "projects/${number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "INCLUDE_ALL_CREDITS"
  }

  amount {
    last_period_amount = var.amount == null ? true : null

    dynamic "specified_amount" {
      for_each = var.amount[*]

      content {
        currency_code = var.currency
        units         = tostring(specified_amount.value)
      }
    }
  }

  dynamic "threshold_rules" {
    for_each = var.thresholds.actual

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  dynamic "threshold_rules" {
    for_each = var.thresholds.forecasted

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "FORECASTED_SPEND"
    }
  }

  all_updates_rule {
    pubsub_topic                     = var.topic
    schema_version                   = "1.0"
    monitoring_notification_channels = var.channels
    disable_default_iam_recipients   = false
  }
}
