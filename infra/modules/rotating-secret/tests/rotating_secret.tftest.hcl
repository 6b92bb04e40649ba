mock_provider "google" {}

variables {
  name       = "shop-db"
  project_id = "acme"
  readers    = { shop = "serviceAccount:shop@acme.iam.gserviceaccount.com" }
  rotator = {
    member = "serviceAccount:rotate-secrets@acme.iam.gserviceaccount.com"
    role   = "projects/acme/roles/nightshift_rotator"
  }
  topic = "projects/acme/topics/secret-events"
}

run "its_period_is_told_to_the_topic" {
  command = apply

  assert {
    condition     = google_secret_manager_secret.this.rotation[0].rotation_period == "2592000s"
    error_message = "30 days are 2592000 seconds"
  }

  assert {
    condition     = google_secret_manager_secret.this.topics[0].name == var.topic
    error_message = "nobody hears that it is time"
  }
}

run "readers_never_see_a_candidate" {
  command = apply

  assert {
    condition     = alltrue([for grant in google_secret_manager_secret_iam_member.reader : grant.secret_id == google_secret_manager_secret.this.id])
    error_message = "a reader reads what is not proven"
  }
}

run "it_stays_in_its_regions" {
  command = plan

  variables {
    locations = ["europe-west1", "europe-west4"]
  }

  assert {
    condition     = length(google_secret_manager_secret.this.replication[0].user_managed[0].replicas) == 2 && length(google_secret_manager_secret.this.replication[0].auto) == 0
    error_message = "the value leaves its regions"
  }
}

run "a_period_of_no_days_is_refused" {
  command = plan

  variables {
    rotation_days = 0
  }

  expect_failures = [var.rotation_days]
}
