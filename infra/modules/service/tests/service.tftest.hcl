mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = {
      email  = "shop@acme.iam.gserviceaccount.com"
      member = "serviceAccount:shop@acme.iam.gserviceaccount.com"
      name   = "projects/acme/serviceAccounts/shop@acme.iam.gserviceaccount.com"
    }
  }
}

variables {
  image      = "europe-west1-docker.pkg.dev/acme/shop/web@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  name       = "shop"
  project_id = "acme"
  region     = "europe-west1"
}

run "only_the_load_balancer_reaches_it" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_service.this.ingress == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER" && !google_cloud_run_v2_service.this.invoker_iam_disabled
    error_message = "the internet passes by the firewall"
  }

  assert {
    condition     = output.full_name == "projects/acme/locations/europe-west1/services/shop"
    error_message = "scheduled-scaling would look for another service"
  }
}

run "a_secret_is_a_reference_never_a_value" {
  command = plan

  variables {
    secrets = { DATABASE_URL = { secret = "projects/acme/secrets/shop-db" } }
  }

  assert {
    condition     = one(google_cloud_run_v2_service.this.template[0].containers[0].env).value_source[0].secret_key_ref[0].secret == "projects/acme/secrets/shop-db"
    error_message = "the secret is not referred to"
  }

  assert {
    condition     = google_secret_manager_secret_iam_member.this["DATABASE_URL"].role == "roles/secretmanager.secretAccessor"
    error_message = "the service may not read it"
  }
}

run "a_path_that_google_keeps_is_refused" {
  command = plan

  variables {
    health_path = "/healthz"
  }

  expect_failures = [var.health_path]
}
