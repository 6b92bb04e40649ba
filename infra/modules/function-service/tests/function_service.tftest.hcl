mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = {
      email  = "fn@acme.iam.gserviceaccount.com"
      member = "serviceAccount:fn@acme.iam.gserviceaccount.com"
      name   = "projects/acme/serviceAccounts/fn@acme.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_cloud_run_v2_service" {
    defaults = { uri = "https://scaling-x.a.run.app" }
  }
}

variables {
  config     = "{\"version\":1}"
  image      = "europe-west1-docker.pkg.dev/acme/nightshift/scheduled-scaling@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  name       = "scheduled-scaling"
  project_id = "acme"
  region     = "europe-west1"
  schedules  = { tick = { schedule = "*/5 * * * *", command = { command = "apply" } } }
}

run "only_its_own_schedule_calls_it" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_service.this.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "the internet reaches the function"
  }

  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.caller) == ["scheduler"]
    error_message = "somebody else may call it"
  }

  assert {
    condition     = google_cloud_scheduler_job.this["tick"].http_target[0].oidc_token[0].audience == one(google_cloud_run_v2_service.this.custom_audiences)
    error_message = "the scheduler's token is not for this service"
  }

  assert {
    condition     = jsondecode(base64decode(google_cloud_scheduler_job.this["tick"].http_target[0].body)).command == "apply"
    error_message = "the call does not carry its command"
  }
}

run "without_schedules_nobody_gets_an_account_for_them" {
  command = plan

  variables {
    schedules = {}
  }

  assert {
    condition     = length(google_service_account.scheduler) == 0 && length(google_cloud_run_v2_service_iam_member.caller) == 0
    error_message = "an account without a purpose"
  }
}

run "a_secret_is_a_file_that_only_this_account_reads" {
  command = plan

  variables {
    secret_files = { slack = "projects/acme/secrets/slack" }
  }

  assert {
    condition     = one(google_cloud_run_v2_service.this.template[0].volumes).secret[0].secret == "projects/acme/secrets/slack"
    error_message = "the secret is not mounted"
  }

  assert {
    condition     = google_secret_manager_secret_iam_member.file["slack"].role == "roles/secretmanager.secretAccessor"
    error_message = "the account may not read its secret, or may do more"
  }
}

run "an_image_by_tag_is_refused" {
  command = plan

  variables {
    image = "europe-west1-docker.pkg.dev/acme/nightshift/scheduled-scaling:v1"
  }

  expect_failures = [var.image]
}

run "a_name_too_long_for_an_account_is_refused" {
  command = plan

  variables {
    name = "a-name-that-is-too-long-for-an-account"
  }

  expect_failures = [var.name]
}

run "a_configuration_that_is_not_json_is_refused" {
  command = plan

  variables {
    config = "version = 1"
  }

  expect_failures = [var.config]
}
