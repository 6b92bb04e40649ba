mock_provider "google" {}

variables {
  name       = "shop-db"
  project_id = "acme"
  readers    = { shop = "serviceAccount:shop@acme.iam.gserviceaccount.com" }
  rotator = {
    candidate_role = "projects/acme/roles/nightshift_rotation_candidate"
    member         = "serviceAccount:rotate-secrets@acme.iam.gserviceaccount.com"
    role           = "projects/acme/roles/nightshift_rotation_secret"
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

run "the_rotator_may_less_where_candidates_wait" {
  command = apply

  assert {
    condition     = google_secret_manager_secret_iam_member.rotator.role != google_secret_manager_secret_iam_member.rotator_next[0].role
    error_message = "the role of the secret would let it write state and aliases of the side secret, too"
  }
}

run "a_candidate_may_wait_in_the_secret_itself" {
  command = plan

  variables {
    side = false
  }

  assert {
    condition     = length(google_secret_manager_secret.next) == 0 && length(google_secret_manager_secret_iam_member.rotator_next) == 0
    error_message = "a side secret that nobody uses"
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
