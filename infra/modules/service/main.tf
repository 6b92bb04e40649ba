# A web service as users meet it. The pipeline moves its image and its traffic, scheduled-scaling and budget-guard its instances,
# rotate-secrets an annotation of its template: to Terraform none of that is drift.

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = var.name
  display_name = "Runs ${var.name}"
}

resource "google_secret_manager_secret_iam_member" "this" {
  for_each = var.secrets

  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this.member
}

resource "google_cloud_run_v2_service" "this" {
  project              = var.project_id
  name                 = var.name
  location             = var.region
  labels               = var.labels
  ingress              = var.ingress
  invoker_iam_disabled = var.open_to_all
  deletion_protection  = var.deletion_protection

  # Of the service, not of the revision: a change of it makes no new revision, and tagged revisions keep none warm.
  scaling {
    min_instance_count = var.min_instances
    max_instance_count = var.max_instances
  }

  template {
    service_account       = google_service_account.this.email
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

    containers {
      image = var.image

      ports {
        container_port = var.port
      }

      resources {
        limits = {
          cpu    = var.cpu
          memory = var.memory
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = var.env

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets

        content {
          name = env.key

          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = env.value.version
            }
          }
        }
      }

      startup_probe {
        period_seconds    = 3
        timeout_seconds   = 2
        failure_threshold = 20

        http_get {
          path = var.health_path
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3

        http_get {
          path = var.health_path
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
    ignore_changes = [
      annotations,
      client,
      client_version,
      ingress, # budget-guard may close it
      scaling,
      template[0].annotations,
      template[0].containers[0].image,
      template[0].labels,
      template[0].revision,
      template[0].scaling,
      traffic,
    ]
  }

  depends_on = [google_secret_manager_secret_iam_member.this]
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.invokers

  project  = var.project_id
  location = google_cloud_run_v2_service.this.location
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.invoker"
  member   = each.value
}
