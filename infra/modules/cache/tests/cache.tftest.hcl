mock_provider "google" {}

variables {
  name       = "acme"
  network    = "projects/acme/global/networks/acme"
  project_id = "acme"
  region     = "europe-west1"
}

run "it_asks_for_a_password_over_tls" {
  command = plan

  assert {
    condition     = google_redis_instance.this.auth_enabled && google_redis_instance.this.transit_encryption_mode == "SERVER_AUTHENTICATION"
    error_message = "whoever is in the network reads it"
  }
}

run "availability_is_a_tier" {
  command = plan

  variables {
    highly_available = true
  }

  assert {
    condition     = google_redis_instance.this.tier == "STANDARD_HA"
    error_message = "a zone that fails takes the cache with it"
  }
}
