mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = {
      email  = "fn@acme.iam.gserviceaccount.com"
      member = "serviceAccount:fn@acme.iam.gserviceaccount.com"
      name   = "projects/acme/serviceAccounts/fn@acme.iam.gserviceaccount.com"
    }
  }
}

variables {
  args       = ["run"]
  config     = "{}"
  image      = "europe-west1-docker.pkg.dev/acme/nightshift/backup@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  name       = "backup"
  project_id = "acme"
  region     = "europe-west1"
  schedule   = "15 2 * * *"
}

run "the_clock_starts_it_and_may_do_nothing_else" {
  command = plan

  assert {
    condition     = google_cloud_scheduler_job.this[0].http_target[0].uri == "https://run.googleapis.com/v2/projects/acme/locations/europe-west1/jobs/backup:run"
    error_message = "the clock starts something else"
  }

  assert {
    condition     = google_cloud_run_v2_job_iam_member.scheduler[0].role == "roles/run.invoker"
    error_message = "the clock may choose arguments"
  }
}

run "tasks_run_side_by_side" {
  command = plan

  variables {
    tasks = 4
  }

  assert {
    condition     = google_cloud_run_v2_job.this.template[0].parallelism == 4
    error_message = "tasks that wait for each other find nothing left to do"
  }
}

run "the_sockets_of_cloud_sql_come_last" {
  command = plan

  variables {
    secret_files  = { password = "projects/acme/secrets/db" }
    sql_instances = ["acme:europe-west1:main"]
  }

  assert {
    condition     = google_cloud_run_v2_job.this.template[0].template[0].volumes[1].name == "cloudsql"
    error_message = "the API gives the socket's volume back last, and each plan would move it"
  }
}

run "a_job_for_people_has_no_clock" {
  command = plan

  variables {
    schedule = null
  }

  assert {
    condition     = length(google_cloud_scheduler_job.this) == 0 && length(google_service_account.scheduler) == 0
    error_message = "a clock that nobody asked for"
  }
}

run "an_image_by_tag_is_refused" {
  command = plan

  variables {
    image = "europe-west1-docker.pkg.dev/acme/nightshift/backup:v1"
  }

  expect_failures = [var.image]
}
