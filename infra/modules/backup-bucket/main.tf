# Where backups are kept: encrypted with a key of ours, protected from everybody for some days, and for good from whoever writes.

resource "google_kms_key_ring" "this" {
  project  = var.project_id
  name     = var.name
  location = var.location
}

resource "google_kms_crypto_key" "this" {
  name                       = "backups"
  key_ring                   = google_kms_key_ring.this.id
  labels                     = var.labels
  rotation_period            = "7776000s"
  destroy_scheduled_duration = "2592000s"

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.key_protection_level
  }

  lifecycle {
    # Without the key every backup is noise.
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "storage" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = var.storage_agent
}

resource "google_storage_bucket" "this" {
  #checkov:skip=CKV_GCP_78:every object has a name of its own and is written once; retention and soft delete protect it, versions would double the bill
  #checkov:skip=CKV_GCP_62:data access logs of the project say who read; a log bucket would say it again
  project                     = var.project_id
  name                        = var.name
  location                    = var.location
  labels                      = var.labels
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }

  # None at all for no days: the provider refuses a period of 0.
  dynamic "retention_policy" {
    for_each = var.retention_days > 0 ? [var.retention_days * 86400] : []

    content {
      retention_period = tostring(retention_policy.value)
      # Locking has no way back; it is a person's decision (see docs/deploy.md).
      is_locked = false
    }
  }

  encryption {
    default_kms_key_name = google_kms_crypto_key.this.id
  }

  # Deleting is `backup prune`'s, which knows what a backup needs. Moving to cheaper classes changes nothing it must know.
  dynamic "lifecycle_rule" {
    for_each = { for class, days in { COLDLINE = var.coldline_after_days, ARCHIVE = var.archive_after_days } : class => days if days > 0 }

    content {
      action {
        type          = "SetStorageClass"
        storage_class = lifecycle_rule.key
      }

      condition {
        age = lifecycle_rule.value
      }
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 2
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.storage]
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = var.grants

  bucket = google_storage_bucket.this.name
  role   = each.value.role
  member = each.value.member
}
