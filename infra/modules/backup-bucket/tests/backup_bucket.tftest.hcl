mock_provider "google" {}

variables {
  grants = {
    writer = { member = "serviceAccount:backup@acme.iam.gserviceaccount.com", role = "projects/acme/roles/nightshift_backup_writer" }
  }
  location      = "europe-west4"
  name          = "acme-backups"
  project_id    = "acme"
  storage_agent = "serviceAccount:service-42@gs-project-accounts.iam.gserviceaccount.com"
}

run "nobody_outside_reads_it_and_nobody_deletes_it_soon" {
  command = plan

  assert {
    condition     = google_storage_bucket.this.public_access_prevention == "enforced" && google_storage_bucket.this.uniform_bucket_level_access
    error_message = "the bucket can be made public"
  }

  assert {
    condition     = google_storage_bucket.this.retention_policy[0].retention_period == "604800" && !google_storage_bucket.this.force_destroy
    error_message = "an object can be deleted at once"
  }

  assert {
    condition     = length([for rule in google_storage_bucket.this.lifecycle_rule : rule if one(rule.action).type == "Delete"]) == 0
    error_message = "a lifecycle rule deletes parts of backups that it knows nothing of"
  }
}

run "a_tier_of_no_days_is_no_tier" {
  command = plan

  variables {
    coldline_after_days = 0
    archive_after_days  = 365
  }

  assert {
    condition     = [for rule in google_storage_bucket.this.lifecycle_rule : one(rule.action).storage_class if one(rule.action).type == "SetStorageClass"] == ["ARCHIVE"]
    error_message = "only Archive was asked for"
  }
}

run "no_days_of_retention_are_no_policy" {
  command = plan

  variables {
    retention_days = 0
  }

  assert {
    condition     = length(google_storage_bucket.this.retention_policy) == 0
    error_message = "a period of 0 is refused when it is applied"
  }
}

run "soft_delete_that_storage_does_not_take_is_refused" {
  command = plan

  variables {
    soft_delete_days = 3
  }

  expect_failures = [var.soft_delete_days]
}
