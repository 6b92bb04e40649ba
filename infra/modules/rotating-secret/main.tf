# A secret with a period, and beside it the one in which a candidate waits until it is proven (or none, where nobody reads `latest` and
# it may wait in the secret itself). Values come from the rotator or
# from a person, never from Terraform: its state would keep them.

resource "google_secret_manager_secret" "this" {
  project             = var.project_id
  secret_id           = var.name
  labels              = var.labels
  deletion_protection = var.deletion_protection
  # Destroying disables first, and waits a week for somebody to object.
  version_destroy_ttl = "604800s"

  replication {
    dynamic "auto" {
      for_each = length(var.locations) == 0 ? [true] : []
      content {}
    }

    dynamic "user_managed" {
      for_each = length(var.locations) == 0 ? [] : [true]

      content {
        dynamic "replicas" {
          for_each = var.locations

          content {
            location = replicas.value
          }
        }
      }
    }
  }

  topics {
    name = var.topic
  }

  rotation {
    rotation_period    = "${var.rotation_days * 86400}s"
    next_rotation_time = timeadd(plantimestamp(), "${var.rotation_days * 24}h")
  }

  lifecycle {
    # The service moves the time on, the rotator moves aliases and remembers in annotations.
    ignore_changes = [annotations, rotation[0].next_rotation_time, version_aliases]
  }
}

resource "google_secret_manager_secret" "next" {
  count = var.side ? 1 : 0

  project             = var.project_id
  secret_id           = "${var.name}-next"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  replication {
    dynamic "auto" {
      for_each = length(var.locations) == 0 ? [true] : []
      content {}
    }

    dynamic "user_managed" {
      for_each = length(var.locations) == 0 ? [] : [true]

      content {
        dynamic "replicas" {
          for_each = var.locations

          content {
            location = replicas.value
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [annotations, version_aliases]
  }
}

resource "google_secret_manager_secret_iam_member" "rotator" {
  secret_id = google_secret_manager_secret.this.id
  role      = var.rotator.role
  member    = var.rotator.member
}

resource "google_secret_manager_secret_iam_member" "rotator_next" {
  count = var.side ? 1 : 0

  secret_id = google_secret_manager_secret.next[0].id
  role      = var.rotator.candidate_role
  member    = var.rotator.member
}

# Readers never see a candidate: they have no grant on the other secret.
resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = var.readers

  secret_id = google_secret_manager_secret.this.id
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value
}
