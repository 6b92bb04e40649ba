mock_provider "google" {}

variables {
  github_repository_id = "123456789"
  project_id           = "acme"
  region               = "europe-west1"
}

run "no_other_repository_comes_in" {
  command = plan

  assert {
    condition     = strcontains(google_iam_workload_identity_pool_provider.actions.attribute_condition, "assertion.repository_id == '123456789'")
    error_message = "every repository in the world comes in"
  }

  assert {
    condition     = strcontains(google_iam_workload_identity_pool_provider.actions.attribute_condition, "pull_request_target")
    error_message = "a stranger's pull request comes in"
  }

  assert {
    condition     = alltrue([for part in ["repository_id", "ref", "environment"] : strcontains(google_iam_workload_identity_pool_provider.actions.attribute_mapping["attribute.deploy"], "assertion.${part}")])
    error_message = "one of the three parts is missing"
  }
}

run "the_state_is_private_and_encrypted" {
  command = plan

  assert {
    condition     = google_storage_bucket.state.public_access_prevention == "enforced" && google_storage_bucket.state.versioning[0].enabled
    error_message = "the state can be read or lost"
  }
}

run "a_repository_by_name_is_refused" {
  command = plan

  variables {
    github_repository_id = "acme/shop"
  }

  expect_failures = [var.github_repository_id]
}
