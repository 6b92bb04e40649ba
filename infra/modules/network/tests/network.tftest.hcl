mock_provider "google" {}

variables {
  name       = "acme"
  project_id = "acme"
  region     = "europe-west1"
}

run "nothing_comes_in_uninvited" {
  command = plan

  assert {
    condition     = google_compute_firewall.deny.direction == "INGRESS" && length(google_compute_firewall.deny.allow) == 0
    error_message = "the rule lets something in"
  }

  assert {
    condition     = !google_compute_network.this.auto_create_subnetworks && google_compute_subnetwork.this.private_ip_google_access
    error_message = "subnetworks in regions that nobody chose, or Google's APIs over the internet"
  }
}

run "a_range_too_small_for_cloud_run_is_refused" {
  command = plan

  variables {
    cidr = "10.0.0.0/28"
  }

  expect_failures = [var.cidr]
}
