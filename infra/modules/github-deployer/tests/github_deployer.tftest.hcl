mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/acme/serviceAccounts/deploy@acme.iam.gserviceaccount.com"
      member = "serviceAccount:deploy@acme.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_project_iam_custom_role" {
    defaults = { id = "projects/acme/roles/nightshift_deployer_production" }
  }
}

variables {
  accounts      = { shop = "projects/acme/serviceAccounts/shop@acme.iam.gserviceaccount.com" }
  environment   = "production"
  pool          = "projects/42/locations/global/workloadIdentityPools/github"
  project_id    = "acme"
  region        = "europe-west1"
  repository    = "nightshift"
  repository_id = "123456789"
  services      = ["shop"]
}

run "one_repository_one_branch_one_environment" {
  command = plan

  assert {
    condition     = google_service_account_iam_member.github.member == "principalSet://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/github/attribute.deploy/123456789:refs/heads/main:production"
    error_message = "another branch or another repository may deploy"
  }
}

run "it_neither_creates_nor_deletes_nor_grants" {
  command = plan

  assert {
    condition     = length([for permission in google_project_iam_custom_role.this.permissions : permission if can(regex("create|delete|setIamPolicy|\\*", permission))]) == 0
    error_message = "the pipeline may do more than deploy"
  }

  assert {
    condition     = google_cloud_run_v2_service_iam_member.this["shop"].role == "projects/acme/roles/nightshift_deployer_production"
    error_message = "the role is bound elsewhere than to the service"
  }
}

run "a_repository_by_name_is_refused" {
  command = plan

  variables {
    repository_id = "acme/shop"
  }

  expect_failures = [var.repository_id]
}
