# The way of an event: topic, push with a signed token, and a place for what nobody could handle.

resource "google_pubsub_topic" "this" {
  #checkov:skip=CKV_GCP_83:messages name secrets and amounts, and hold no value of a secret; Google's key encrypts them
  project                    = var.project_id
  name                       = var.name
  labels                     = var.labels
  message_retention_duration = "604800s"
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = var.publishers

  topic  = google_pubsub_topic.this.id
  role   = "roles/pubsub.publisher"
  member = each.value
}

resource "google_service_account" "push" {
  project      = var.project_id
  account_id   = "${var.name}-push"
  display_name = "Pushes ${var.name}"
}

resource "google_pubsub_subscription" "push" {
  project                    = var.project_id
  name                       = "${var.name}-push"
  topic                      = google_pubsub_topic.this.id
  labels                     = var.labels
  filter                     = var.filter
  ack_deadline_seconds       = var.ack_deadline
  message_retention_duration = "604800s"

  # Without the empty words an idle subscription is deleted after 31 days.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = var.max_attempts
  }

  push_config {
    push_endpoint = var.uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = var.audience
    }
  }
}

resource "google_pubsub_topic" "dead" {
  #checkov:skip=CKV_GCP_83:messages name secrets and amounts, and hold no value of a secret; Google's key encrypts them
  project = var.project_id
  name    = "${var.name}-dead"
  labels  = var.labels
}

# A topic without a subscription loses what it is given.
resource "google_pubsub_subscription" "dead" {
  project                    = var.project_id
  name                       = "${var.name}-dead"
  topic                      = google_pubsub_topic.dead.id
  labels                     = var.labels
  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s"

  expiration_policy {
    ttl = ""
  }
}

# Without these two grants nothing fails: messages are delivered for ever instead of being laid aside.
resource "google_pubsub_topic_iam_member" "dead_letters" {
  topic  = google_pubsub_topic.dead.id
  role   = "roles/pubsub.publisher"
  member = var.agent
}

resource "google_pubsub_subscription_iam_member" "dead_letters" {
  project      = var.project_id
  subscription = google_pubsub_subscription.push.name
  role         = "roles/pubsub.subscriber"
  member       = var.agent

  lifecycle {
    # A subscription that was made anew has forgotten its grants.
    replace_triggered_by = [google_pubsub_subscription.push]
  }
}
