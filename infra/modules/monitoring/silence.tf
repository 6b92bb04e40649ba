# What is not heard of. A program that does not run logs no failure.

resource "google_monitoring_alert_policy" "backup_overdue" {
  count = contains(var.functions, "backup") ? 1 : 0

  project               = var.project_id
  display_name          = "No good backup for 26 hours"
  combiner              = "OR"
  severity              = "CRITICAL"
  user_labels           = var.labels
  notification_channels = local.loud

  conditions {
    display_name = "no backup.completed with outcome success in 26 h"

    condition_prometheus_query_language {
      query               = "absent_over_time(logging_googleapis_com:user_${google_logging_metric.events.name}{event=\"backup.completed\",outcome=\"success\"}[26h])"
      duration            = "0s"
      evaluation_interval = "300s"
      # The metric has no point before the first backup, and the policy is to be there before it.
      disable_metric_validation = true
    }
  }

  # Holds also where a query may not look back so far; needs one backup to have been made.
  conditions {
    display_name = "no backup.completed in 23 h"

    condition_absent {
      filter   = "resource.type = \"cloud_run_job\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.events.name}\" AND metric.labels.event = \"backup.completed\" AND metric.labels.outcome = \"success\""
      duration = "84600s"

      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_COUNT"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  # The age itself, by database: one that grows old beside others that do not is seen here.
  conditions {
    display_name = "the newest good backup is older than ${var.backup_age_seconds / 3600} h"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_job\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.backup_age[0].name}\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.backup_age_seconds
      duration        = "0s"

      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_PERCENTILE_99"
        cross_series_reducer = "REDUCE_MAX"
        group_by_fields      = ["metric.label.database"]
      }
    }
  }

  # And what the program itself says of age, proof and restore time: `backup status` fails when an objective is missed.
  conditions {
    display_name = "backup status failed"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"backup-status\" AND metric.type = \"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result = \"failed\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  # And who watches `backup status`.
  conditions {
    display_name = "backup status has not run for 3 h"

    condition_absent {
      filter   = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"backup-status\" AND metric.type = \"run.googleapis.com/job/completed_execution_count\""
      duration = "10800s"

      aggregations {
        alignment_period     = "3600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  alert_strategy {
    auto_close           = "604800s"
    notification_prompts = ["OPENED", "CLOSED"]
  }

  documentation {
    subject   = "No good backup for 26 hours"
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbooks}/backup-overdue.md"
  }
}

resource "google_monitoring_alert_policy" "scaling_silent" {
  count = contains(var.functions, "scaling") ? 1 : 0

  project               = var.project_id
  display_name          = "Nothing has been scaled for 15 minutes"
  combiner              = "OR"
  severity              = "ERROR"
  user_labels           = var.labels
  notification_channels = local.loud

  conditions {
    display_name = "no scaling.tick in 15 min"

    condition_absent {
      filter   = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.events.name}\" AND metric.labels.event = \"scaling.tick\""
      duration = "900s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_COUNT"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  alert_strategy {
    auto_close           = "86400s"
    notification_prompts = ["OPENED", "CLOSED"]
  }

  documentation {
    subject   = "Nothing has been scaled for 15 minutes"
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbooks}/scaling-silent.md"
  }
}

locals {
  silences = { for name, silence in var.silences : name => merge(silence, silence.subscription == null ? {
    heard   = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${silence.service}\" AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"2xx\""
    nothing = "no 2xx answer of ${silence.service}"
    whose   = silence.service
    } : {
    heard   = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${silence.subscription}\" AND metric.type = \"pubsub.googleapis.com/subscription/push_request_count\" AND metric.labels.response_class = \"ack\""
    nothing = "no message of ${silence.subscription} was taken"
    whose   = silence.subscription
  }) }
}

resource "google_monitoring_alert_policy" "silence" {
  for_each = local.silences

  project               = var.project_id
  display_name          = "${each.value.whose} has been silent for ${each.value.seconds / 60} minutes"
  combiner              = "OR"
  severity              = "ERROR"
  user_labels           = var.labels
  notification_channels = local.loud

  conditions {
    display_name = each.value.nothing

    condition_absent {
      filter   = each.value.heard
      duration = "${each.value.seconds}s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  alert_strategy {
    auto_close           = "86400s"
    notification_prompts = ["OPENED", "CLOSED"]
  }

  documentation {
    subject   = "${each.value.whose} is silent"
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbooks}/${each.value.runbook}.md"
  }
}
