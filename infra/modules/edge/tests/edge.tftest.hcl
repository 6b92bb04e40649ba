mock_provider "google" {}

variables {
  domains    = ["shop.example.com"]
  name       = "shop"
  project_id = "acme"
  services   = { europe-west1 = "shop" }
}

run "one_address_has_a_limit_and_http_leads_to_https" {
  command = apply

  assert {
    condition     = length([for rule in google_compute_security_policy.this.rule : rule if rule.action == "throttle"]) == 1
    error_message = "one address may ask without limit"
  }

  assert {
    condition     = google_compute_url_map.redirect.default_url_redirect[0].https_redirect
    error_message = "passwords travel in the open"
  }

  assert {
    condition     = length([for rule in google_compute_security_policy.this.rule : rule if rule.preview == true]) == 8
    error_message = "rules against attacks begin by watching"
  }
}

run "every_region_has_its_endpoint" {
  command = apply

  variables {
    services = { europe-west1 = "shop", us-central1 = "shop" }
  }

  assert {
    condition     = length(google_compute_backend_service.this.backend) == 2
    error_message = "a region that nobody reaches"
  }
}

run "what_is_kept_at_the_edge_is_for_everybody" {
  command = plan

  variables {
    cdn         = true
    iap_members = { staff = "group:staff@example.com" }
  }

  expect_failures = [var.cdn]
}
