# What users and operators feel: errors, slowness, addresses that do not answer, messages laid aside, databases that are full.

locals {
  of_services = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = one_of(${join(", ", [for name in var.services : "\"${name}\""])})"

  # Policies with one threshold each; those with nothing to look at are left out.
  thresholds = { for runbook, policy in {
    database-connections = {
      wanted    = length(var.databases) > 0
      severity  = "ERROR"
      subject   = "A database has few connections left"
      alignment = "60s"
      duration  = "300s"
      aligner   = "ALIGN_MEAN"
      reducer   = "REDUCE_SUM"
      group     = ["resource.label.database_id"]
      parts = [for name, connections in var.databases : {
        filter    = "resource.type = \"cloudsql_database\" AND resource.labels.database_id = \"${var.project_id}:${name}\" AND metric.type = \"cloudsql.googleapis.com/database/postgresql/num_backends\""
        name      = "${name}: over 80 % of ${connections} connections"
        threshold = floor(0.8 * connections)
      }]
    }
    dead-letters = {
      wanted    = length(var.dead_letters) > 0
      severity  = "ERROR"
      subject   = "A message was laid aside"
      alignment = "60s"
      duration  = "0s"
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_SUM"
      group     = ["resource.label.subscription_id"]
      parts = [{
        filter    = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(${join(", ", [for name in var.dead_letters : "\"${name}\""])}) AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\""
        name      = "undelivered messages"
        threshold = 0
      }]
    }
    job-failed = {
      wanted    = length(var.jobs) > 0
      severity  = "ERROR"
      subject   = "A job failed"
      alignment = "300s"
      duration  = "0s"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      group     = ["resource.label.job_name"]
      parts = [{
        filter    = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = one_of(${join(", ", [for name in var.jobs : "\"${name}\""])}) AND metric.type = \"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result = \"failed\""
        name      = "failed executions"
        threshold = 0
      }]
    }
    service-slow = {
      wanted    = length(var.services) > 0
      severity  = "WARNING"
      subject   = "A service is slow"
      alignment = "60s"
      duration  = "300s"
      aligner   = "ALIGN_PERCENTILE_95"
      reducer   = "REDUCE_MAX"
      group     = ["resource.label.service_name"]
      parts = [{
        filter    = "${local.of_services} AND metric.type = \"run.googleapis.com/request_latencies\""
        name      = "95th percentile above ${var.latency_ms} ms"
        threshold = var.latency_ms
      }]
    }
  } : runbook => policy if policy.wanted }
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.thresholds

  project               = var.project_id
  display_name          = each.value.subject
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = var.labels
  notification_channels = each.value.severity == "WARNING" ? local.quiet : local.loud

  dynamic "conditions" {
    for_each = each.value.parts

    content {
      display_name = conditions.value.name

      condition_threshold {
        filter          = conditions.value.filter
        comparison      = "COMPARISON_GT"
        threshold_value = conditions.value.threshold
        duration        = each.value.duration

        aggregations {
          alignment_period     = each.value.alignment
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
          group_by_fields      = each.value.group
        }
      }
    }
  }

  alert_strategy {
    auto_close           = "86400s"
    notification_prompts = ["OPENED", "CLOSED"]
  }

  documentation {
    subject   = each.value.subject
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbooks}/${each.key}.md"
  }
}

resource "google_monitoring_alert_policy" "service_errors" {
  count = length(var.services) > 0 ? 1 : 0

  project               = var.project_id
  display_name          = "More than 5 % of a service's answers are errors"
  combiner              = "OR"
  severity              = "ERROR"
  user_labels           = var.labels
  notification_channels = local.loud

  conditions {
    display_name = "share of 5xx"

    # A share needs the denominator: without it 0.05 would be 0.05 requests a second.
    condition_threshold {
      filter                  = "${local.of_services} AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      denominator_filter      = "${local.of_services} AND metric.type = \"run.googleapis.com/request_count\""
      comparison              = "COMPARISON_GT"
      threshold_value         = 0.05
      duration                = "300s"
      evaluation_missing_data = "EVALUATION_MISSING_DATA_INACTIVE"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }

      denominator_aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }
    }
  }

  alert_strategy {
    auto_close           = "86400s"
    notification_prompts = ["OPENED", "CLOSED"]
  }

  documentation {
    subject   = "A service answers with errors"
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbooks}/service-errors.md"
  }
}

resource "google_monitoring_uptime_check_config" "this" {
  for_each = var.uptime

  project            = var.project_id
  display_name       = each.key
  timeout            = "10s"
  period             = "300s"
  log_check_failures = true
  selected_regions   = ["EUROPE", "USA_VIRGINIA", "ASIA_PACIFIC"]

  http_check {
    path         = each.value.path
    port         = 443
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }

    dynamic "service_agent_authentication" {
      for_each = each.value.private ? ["OIDC_TOKEN"] : []

      content {
        type = service_agent_authentication.value
      }
    }
  }

  monitored_resource {
    type = "uptime_url"

    labels = {
      project_id = var.project_id
      host       = each.value.host
    }
  }
}

resource "google_monitoring_alert_policy" "service_down" {
  for_each = google_monitoring_uptime_check_config.this

  project               = var.project_id
  display_name          = "${each.key} does not answer"
  combiner              = "OR"
  severity              = "CRITICAL"
  user_labels           = var.labels
  notification_channels = local.loud

  conditions {
    display_name = "failed from two places"

    condition_threshold {
      filter          = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id = \"${each.value.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "300s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  alert_strategy {
    auto_close           = "86400s"
    notification_prompts = ["OPENED", "CLOSED"]
  }

  documentation {
    subject   = "${each.key} does not answer"
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbooks}/service-down.md"
  }
}
