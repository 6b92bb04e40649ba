# A function that runs to its end: its own account, a Cloud Run job, and the clock that starts it.

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = var.name
  display_name = "Runs ${var.name}"
}

resource "google_cloud_run_v2_job" "this" {
  project             = var.project_id
  name                = var.name
  location            = var.region
  labels              = var.labels
  deletion_protection = var.deletion_protection

  template {
    task_count = var.tasks
    # Tasks that start late find nothing left to do.
    parallelism = var.tasks

    template {
      service_account       = google_service_account.this.email
      timeout               = "${var.timeout}s"
      max_retries           = var.max_retries
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

      containers {
        image = var.image
        args  = var.args

        resources {
          limits = {
            cpu    = var.cpu
            memory = var.memory
          }
        }

        env {
          name  = "NIGHTSHIFT_CONFIG"
          value = var.config
        }

        env {
          name  = "GOOGLE_CLOUD_PROJECT"
          value = var.project_id
        }

        dynamic "volume_mounts" {
          for_each = var.secret_files

          content {
            name       = replace(volume_mounts.key, "/[^a-z0-9]/", "-")
            mount_path = "/secrets/${volume_mounts.key}"
          }
        }

        dynamic "volume_mounts" {
          for_each = length(var.sql_instances) > 0 ? ["cloudsql"] : []

          content {
            name       = volume_mounts.value
            mount_path = "/cloudsql"
          }
        }
      }

      dynamic "volumes" {
        for_each = var.secret_files

        content {
          name = replace(volumes.key, "/[^a-z0-9]/", "-")

          secret {
            secret = volumes.value

            items {
              path    = "value"
              version = "latest"
            }
          }
        }
      }

      # Last, because the API gives it back last.
      dynamic "volumes" {
        for_each = length(var.sql_instances) > 0 ? ["cloudsql"] : []

        content {
          name = volumes.value

          cloud_sql_instance {
            instances = var.sql_instances
          }
        }
      }

      dynamic "vpc_access" {
        for_each = var.vpc[*]

        content {
          egress = "PRIVATE_RANGES_ONLY"

          network_interfaces {
            network    = vpc_access.value.network
            subnetwork = vpc_access.value.subnetwork
          }
        }
      }
    }
  }

  lifecycle {
    # The pipeline moves the image; what it leaves behind is not drift.
    ignore_changes = [client, client_version, template[0].template[0].containers[0].image]
  }

  depends_on = [google_secret_manager_secret_iam_member.file]
}

resource "google_secret_manager_secret_iam_member" "file" {
  for_each = var.secret_files

  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this.member
}

resource "google_service_account" "scheduler" {
  count = var.schedule == null ? 0 : 1

  project      = var.project_id
  account_id   = "${var.name}-tick"
  display_name = "Starts ${var.name} by the clock"
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  count = var.schedule == null ? 0 : 1

  project  = var.project_id
  location = google_cloud_run_v2_job.this.location
  name     = google_cloud_run_v2_job.this.name
  # Holds run.jobs.run and not run.jobs.runWithOverrides: the clock chooses no arguments.
  role   = "roles/run.invoker"
  member = google_service_account.scheduler[0].member
}

resource "google_cloud_scheduler_job" "this" {
  count = var.schedule == null ? 0 : 1

  project          = var.project_id
  region           = var.region
  name             = var.name
  schedule         = var.schedule
  time_zone        = var.time_zone
  attempt_deadline = "180s"

  retry_config {
    retry_count          = 3
    min_backoff_duration = "30s"
    max_backoff_duration = "300s"
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.region}/jobs/${google_cloud_run_v2_job.this.name}:run"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oauth_token {
      service_account_email = google_service_account.scheduler[0].email
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.scheduler]
}
