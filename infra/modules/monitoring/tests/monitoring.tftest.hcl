mock_provider "google" {
  override_during = plan

  mock_resource "google_logging_metric" {
    defaults = { name = "nightshift_events" }
  }

  mock_resource "google_monitoring_notification_channel" {
    defaults = { id = "projects/acme/notificationChannels/1" }
  }
}

variables {
  channels   = { emails = { operations = "ops@example.com" } }
  functions  = ["backup", "rotation", "scaling", "budget"]
  project_id = "acme"
}

run "a_night_without_a_backup_is_heard" {
  command = plan

  assert {
    condition     = strcontains(google_monitoring_alert_policy.backup_overdue[0].conditions[0].condition_prometheus_query_language[0].query, "[26h]")
    error_message = "the query looks back another time than 26 h"
  }

  assert {
    condition     = tonumber(trimsuffix(google_monitoring_alert_policy.backup_overdue[0].conditions[1].condition_absent[0].duration, "s")) <= 84600
    error_message = "Cloud Monitoring refuses to look for absence of more than 23.5 h"
  }
}

run "only_functions_that_are_there_are_listened_to" {
  command = plan

  variables {
    functions = ["backup"]
  }

  assert {
    condition     = output.alerts == toset(["backup-overdue", "backup-failed", "backup-doubtful"])
    error_message = "an alert on what is not deployed never comes, or comes always"
  }
}

run "a_share_of_errors_has_a_denominator" {
  command = plan

  variables {
    services = ["shop"]
  }

  assert {
    condition     = google_monitoring_alert_policy.service_errors[0].conditions[0].condition_threshold[0].denominator_filter != null
    error_message = "0.05 is a rate"
  }

  assert {
    condition     = google_monitoring_alert_policy.threshold["service-slow"].conditions[0].condition_threshold[0].threshold_value == 500
    error_message = "the threshold is in milliseconds"
  }
}

run "every_policy_tells_somebody" {
  command = plan

  variables {
    databases    = { main = 100 }
    dead_letters = ["secret-events-dead"]
    jobs         = ["backup"]
    services     = ["shop"]
    silences = {
      guard    = { runbook = "guard-silent", seconds = 3600, service = "budget-guard" }
      spending = { runbook = "guard-silent", seconds = 21600, subscription = "budget-events-push" }
    }
    uptime = { shop = { host = "shop.example.com" } }
  }

  assert {
    condition = alltrue([for policy in concat(
      values(google_monitoring_alert_policy.event),
      values(google_monitoring_alert_policy.threshold),
      values(google_monitoring_alert_policy.silence),
      values(google_monitoring_alert_policy.service_down),
      google_monitoring_alert_policy.backup_overdue,
      google_monitoring_alert_policy.scaling_silent,
      google_monitoring_alert_policy.service_errors,
    ) : length(policy.notification_channels) == 1])
    error_message = "an alert that nobody hears"
  }

  assert {
    condition     = google_monitoring_alert_policy.threshold["database-connections"].conditions[0].condition_threshold[0].threshold_value == 80
    error_message = "80 % of 100 connections are 80"
  }
}

run "messages_that_stop_are_heard_of_while_the_clock_goes_on_calling" {
  command = plan

  variables {
    silences = { spending = { runbook = "guard-silent", seconds = 21600, subscription = "budget-events-push" } }
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.silence["spending"].conditions[0].condition_absent[0].filter, "resource.labels.subscription_id = \"budget-events-push\"")
    error_message = "the clock's own calls would keep it quiet"
  }
}

run "the_age_of_a_backup_is_a_number_with_a_limit" {
  command = plan

  assert {
    condition     = google_logging_metric.backup_age[0].value_extractor == "EXTRACT(jsonPayload.age_seconds)"
    error_message = "the program logs age_seconds"
  }

  assert {
    condition     = length([for condition in google_monitoring_alert_policy.backup_overdue[0].conditions : condition if try(condition.condition_threshold[0].threshold_value, 0) == 93600]) == 1
    error_message = "nothing measures the age"
  }
}

run "nobody_to_tell_is_refused" {
  command = plan

  variables {
    channels = { emails = {} }
  }

  expect_failures = [var.channels]
}

run "a_silence_longer_than_monitoring_remembers_is_refused" {
  command = plan

  variables {
    silences = { guard = { runbook = "guard-silent", seconds = 90000, service = "budget-guard" } }
  }

  expect_failures = [var.silences]
}
