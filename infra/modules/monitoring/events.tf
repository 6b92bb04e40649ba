# Every event that a program logs, and the alert that hears it; null for those that only tell what went well. The names are
# constants of the programs (functions/*/src/event.rs), and a test holds both lists against each other.

locals {
  events = {
    "backup.command_failed"       = "backup-failed"
    "backup.completed"            = "backup-overdue"
    "backup.failed"               = "backup-failed"
    "backup.pruned"               = "backup-doubtful"
    "backup.status"               = "backup-overdue"
    "backup.verified"             = "backup-doubtful"
    "budget-guard.action_failed"  = "guard-failed"
    "budget-guard.action_later"   = null
    "budget-guard.applied"        = null
    "budget-guard.command_failed" = "guard-failed"
    "budget-guard.conflict"       = null # a person changed the resource meanwhile; it was left alone
    "budget-guard.decided"        = null
    "budget-guard.notice_later"   = null
    "budget-guard.notice_lost"    = "guard-failed"
    "budget-guard.state_corrupt"  = "guard-failed"
    "publish.failed"              = null # whatever could not be told to a topic is in the log all the same
    "rotation.command_failed"     = "rotation-failed"
    "rotation.completed"          = null
    "rotation.event_ignored"      = null
    "rotation.failed"             = "rotation-failed"
    "rotation.noticed"            = "rotation-failed"
    "rotation.phase"              = null
    "rotation.published"          = null
    "rotation.step"               = null
    "rotation.step_failed"        = null # retried; what does not recover ends as rotation.failed
    "rotation.too_old"            = "rotation-too-old"
    "scaling.command_failed"      = "scaling-failed"
    "scaling.notice"              = null
    "scaling.override_ended"      = null
    "scaling.target"              = "scaling-failed"
    "scaling.tick"                = "scaling-silent"
  }

  # Alerts on an event: whose it is, and what to tell; `only` narrows it to some values of a label, `also` names events
  # that another alert hears, too.
  event_alerts = {
    backup-doubtful = {
      also     = ["backup.completed"] # which may be suspicious
      function = "backup"
      only     = { outcome = ["failure", "suspicious"] }
      severity = "ERROR"
      subject  = "A backup is suspicious, could not be proven, or old ones were not pruned"
    }
    backup-failed = {
      also     = []
      function = "backup"
      only     = {}
      severity = "ERROR"
      subject  = "A backup failed"
    }
    guard-failed = {
      also     = []
      function = "budget"
      only     = {}
      severity = "ERROR"
      subject  = "budget-guard could not do what it decided"
    }
    rotation-failed = {
      also     = []
      function = "rotation"
      only     = {}
      severity = "ERROR"
      subject  = "A rotation went back, or waits for a person"
    }
    rotation-too-old = {
      also     = []
      function = "rotation"
      only     = {}
      severity = "WARNING"
      subject  = "A secret is older than it may be"
    }
    scaling-failed = {
      also     = []
      function = "scaling"
      only     = { severity = ["ERROR", "CRITICAL"] }
      severity = "ERROR"
      subject  = "scheduled-scaling could not do what it decided"
    }
  }

  heard = { for alert, settings in local.event_alerts : alert => merge(settings, {
    events = sort(concat(settings.also, [for event, hears in local.events : event if hears == alert]))
  }) if contains(var.functions, settings.function) }
}

resource "google_logging_metric" "events" {
  project     = var.project_id
  name        = "nightshift_events"
  description = "What Nightshift's programs tell, by event, outcome and severity"
  filter      = "jsonPayload.event=~\"^(backup|budget-guard|publish|rotation|scaling)\\.\" AND (resource.type=\"cloud_run_job\" OR resource.type=\"cloud_run_revision\" OR resource.type=\"cloud_run_worker_pool\")"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    display_name = "Nightshift events"

    labels {
      key        = "event"
      value_type = "STRING"
    }

    labels {
      key        = "outcome"
      value_type = "STRING"
    }

    labels {
      key        = "severity"
      value_type = "STRING"
    }
  }

  label_extractors = {
    event    = "EXTRACT(jsonPayload.event)"
    outcome  = "EXTRACT(jsonPayload.outcome)"
    severity = "EXTRACT(severity)"
  }
}

# How old the newest good backup of each database is, told every hour by the job that judges them.
resource "google_logging_metric" "backup_age" {
  count = contains(var.functions, "backup") ? 1 : 0

  project         = var.project_id
  name            = "nightshift_backup_age"
  description     = "Age of the newest good backup in seconds, by database"
  filter          = "jsonPayload.event=\"backup.status\" AND (resource.type=\"cloud_run_job\" OR resource.type=\"cloud_run_revision\")"
  value_extractor = "EXTRACT(jsonPayload.age_seconds)"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = "s"
    display_name = "Age of the newest good backup"

    labels {
      key        = "database"
      value_type = "STRING"
    }
  }

  label_extractors = {
    database = "EXTRACT(jsonPayload.database)"
  }

  # The alert's limit is one of the bounds, so that no rounding moves it.
  bucket_options {
    explicit_buckets {
      bounds = [0, 3600, 21600, 43200, 86400, var.backup_age_seconds, 172800, 604800]
    }
  }
}

resource "google_monitoring_alert_policy" "event" {
  for_each = local.heard

  project               = var.project_id
  display_name          = each.value.subject
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = var.labels
  notification_channels = each.value.severity == "WARNING" ? local.quiet : local.loud

  dynamic "conditions" {
    # A metric of the log is kept apart for each type of resource, and a condition is about one.
    for_each = ["cloud_run_job", "cloud_run_revision"]

    content {
      display_name = "${each.key} (${conditions.value})"

      condition_threshold {
        filter = join(" AND ", concat(
          [
            "resource.type = \"${conditions.value}\"",
            "metric.type = \"logging.googleapis.com/user/${google_logging_metric.events.name}\"",
            "metric.labels.event = one_of(${join(", ", [for event in each.value.events : "\"${event}\""])})",
          ],
          [for label, values in each.value.only : "metric.labels.${label} = one_of(${join(", ", [for value in values : "\"${value}\""])})"],
        ))
        comparison      = "COMPARISON_GT"
        threshold_value = 0
        duration        = "0s"

        aggregations {
          alignment_period     = "300s"
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
          group_by_fields      = ["metric.label.event"]
        }

        trigger {
          count = 1
        }
      }
    }
  }

  alert_strategy {
    auto_close           = "86400s"
    notification_prompts = ["OPENED"]
  }

  documentation {
    subject   = each.value.subject
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbooks}/${each.key}.md\n\nThe lines: `jsonPayload.event=~\"^(${join("|", each.value.events)})$\"`"
  }
}
