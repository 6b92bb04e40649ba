mock_provider "google" {}

variables {
  name       = "main"
  network    = "projects/acme/global/networks/acme"
  project_id = "acme"
  region     = "europe-west1"
}

run "it_has_no_public_address_and_any_instant_comes_back" {
  command = plan

  assert {
    condition     = !google_sql_database_instance.this.settings[0].ip_configuration[0].ipv4_enabled
    error_message = "the internet reaches the database"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].point_in_time_recovery_enabled
    error_message = "only whole backups come back"
  }

  assert {
    condition     = google_sql_database_instance.this.deletion_protection && google_sql_database_instance.this.settings[0].deletion_protection_enabled
    error_message = "one of the two locks is open"
  }

  assert {
    condition     = length(google_sql_database_instance.replica) == 0
    error_message = "a replica that nobody asked for"
  }
}

run "a_flag_of_the_operator_wins" {
  command = plan

  variables {
    flags = { log_min_duration_statement = "250", max_connections = "200" }
  }

  assert {
    condition     = { for flag in google_sql_database_instance.this.settings[0].database_flags : flag.name => flag.value }["log_min_duration_statement"] == "250"
    error_message = "our default overrides what was asked for"
  }
}

run "a_replica_has_the_flags_of_its_primary" {
  command = plan

  variables {
    replica_region = "europe-west4"
  }

  assert {
    condition     = google_sql_database_instance.replica[0].settings[0].database_flags == google_sql_database_instance.this.settings[0].database_flags
    error_message = "a promoted replica would behave otherwise"
  }
}

run "a_version_near_its_end_is_refused" {
  command = plan

  variables {
    postgres_version = "POSTGRES_13"
  }

  expect_failures = [var.postgres_version]
}
