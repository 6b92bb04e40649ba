mock_provider "google" {
  override_during = plan

  mock_resource "google_pubsub_topic" {
    defaults = { id = "projects/acme/topics/mocked" }
  }

  mock_resource "google_service_account" {
    defaults = { email = "push@acme.iam.gserviceaccount.com" }
  }
}

variables {
  agent      = "serviceAccount:service-42@gcp-sa-pubsub.iam.gserviceaccount.com"
  audience   = "nightshift-rotate-secrets"
  filter     = "attributes.eventType = \"SECRET_ROTATE\""
  name       = "secret-events"
  project_id = "acme"
  publishers = { secret-manager = "serviceAccount:service-42@gcp-sa-secretmanager.iam.gserviceaccount.com" }
  uri        = "https://rotate-x.a.run.app"
}

run "what_nobody_could_handle_is_kept" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.push.dead_letter_policy[0].max_delivery_attempts == 10
    error_message = "a message that can never succeed comes for ever"
  }

  assert {
    condition     = google_pubsub_topic_iam_member.dead_letters.member == var.agent && google_pubsub_subscription_iam_member.dead_letters.member == var.agent
    error_message = "Pub/Sub needs both grants, or lays nothing aside"
  }

  assert {
    condition     = google_pubsub_subscription.dead.expiration_policy[0].ttl == "" && google_pubsub_subscription.push.expiration_policy[0].ttl == ""
    error_message = "a quiet month deletes the subscription"
  }
}

run "a_push_carries_a_token_for_this_service" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.push.push_config[0].oidc_token[0].audience == "nightshift-rotate-secrets"
    error_message = "the service would refuse the token"
  }
}

run "attempts_that_pubsub_does_not_take_are_refused" {
  command = plan

  variables {
    max_attempts = 3
  }

  expect_failures = [var.max_attempts]
}
