# A function that waits for events: its own account, a service that only named callers reach, and calls by the clock.

locals {
  # A name that callers put into their tokens and the program expects. The service's address would do too, but it is known only
  # once the service is there, and the program is told at its start.
  audience = "nightshift-${var.name}"

  callers = merge(
    var.callers,
    { for account in google_service_account.scheduler : "scheduler" => account.email },
  )
}

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = var.name
  display_name = "Runs ${var.name}"
}

resource "google_service_account" "scheduler" {
  count = length(var.schedules) > 0 ? 1 : 0

  project      = var.project_id
  account_id   = "${var.name}-tick"
  display_name = "Calls ${var.name} by the clock"
}

resource "google_cloud_run_v2_service" "this" {
  project              = var.project_id
  name                 = var.name
  location             = var.region
  description          = "Nightshift: ${var.name}"
  labels               = var.labels
  custom_audiences     = [local.audience]
  deletion_protection  = var.deletion_protection
  invoker_iam_disabled = false
  # Pub/Sub and Cloud Scheduler of the same project come in; the internet does not.
  ingress = "INGRESS_TRAFFIC_INTERNAL_ONLY"

  scaling {
    min_instance_count = 0
    max_instance_count = var.max_instances
  }

  template {
    service_account                  = google_service_account.this.email
    timeout                          = "${var.timeout}s"
    max_instance_request_concurrency = var.concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"

    containers {
      image = var.image
      args  = concat(["serve", "--auth", "iam"], var.args)

      ports {
        container_port = 8080
      }

      resources {
        limits = {
          cpu    = "1"
          memory = var.memory
        }
        # Said because `resources` is: without the words the processor would always be on, and paid for.
        cpu_idle          = true
        startup_cpu_boost = true
      }

      env {
        name  = "NIGHTSHIFT_AUDIENCES"
        value = local.audience
      }

      env {
        name  = "NIGHTSHIFT_CALLERS"
        value = join(",", sort(distinct(values(local.callers))))
      }

      env {
        name  = "NIGHTSHIFT_CONFIG"
        value = var.config
      }

      env {
        name = "NIGHTSHIFT_DEADLINE"
        # Ten seconds to answer before Cloud Run gives up.
        value = "${var.timeout - 10}s"
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

      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 1
        failure_threshold = 15

        http_get {
          path = "/ready"
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3

        http_get {
          path = "/health"
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

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  lifecycle {
    # The pipeline moves the image and the traffic; what it leaves behind is not drift.
    ignore_changes = [
      client,
      client_version,
      template[0].containers[0].image,
      template[0].labels,
      template[0].revision,
      traffic,
    ]
  }

  depends_on = [google_secret_manager_secret_iam_member.file]
}

resource "google_secret_manager_secret_iam_member" "file" {
  for_each = var.secret_files

  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this.member
}

resource "google_cloud_run_v2_service_iam_member" "caller" {
  for_each = local.callers

  project  = var.project_id
  location = google_cloud_run_v2_service.this.location
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${each.value}"
}

resource "google_cloud_scheduler_job" "this" {
  for_each = var.schedules

  project          = var.project_id
  region           = var.region
  name             = "${var.name}-${each.key}"
  schedule         = each.value.schedule
  time_zone        = each.value.time_zone
  attempt_deadline = each.value.deadline

  retry_config {
    retry_count          = 3
    min_backoff_duration = "10s"
    max_backoff_duration = "120s"
  }

  http_target {
    http_method = "POST"
    uri         = google_cloud_run_v2_service.this.uri
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode(each.value.command))

    oidc_token {
      service_account_email = google_service_account.scheduler[0].email
      audience              = local.audience
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.caller]
}
