# PostgreSQL on Cloud SQL without a public address. Its own backups and log bring back any instant of the last days; those of
# `backup` survive the instance, the project, and a wrong hand in either.

locals {
  flags = merge({
    "cloudsql.enable_pgaudit"     = "on"
    "cloudsql.iam_authentication" = "on"
    "log_checkpoints"             = "on"
    "log_connections"             = "on"
    "log_disconnections"          = "on"
    "log_hostname"                = "on"
    "log_lock_waits"              = "on"
    "log_min_duration_statement"  = "1000"
    "log_min_error_statement"     = "error"
    "log_temp_files"              = "0"
  }, var.flags)
}

resource "google_sql_database_instance" "this" {
  #checkov:skip=CKV_GCP_6:ssl_mode ENCRYPTED_ONLY refuses plain text; the rule wants client certificates too, which the connectors bring by themselves
  #checkov:skip=CKV_GCP_79:postgres_version admits 16 to 18; the rule knows one version
  #checkov:skip=CKV_GCP_55:log_min_messages stays at its default, warning; the rule wants error, which hides warnings
  #checkov:skip=CKV2_GCP_13:log_duration writes a line per statement; log_min_duration_statement says which were slow
  project             = var.project_id
  name                = var.name
  region              = var.region
  database_version    = var.postgres_version
  deletion_protection = var.deletion_protection

  settings {
    tier                        = var.tier
    edition                     = "ENTERPRISE"
    availability_type           = var.highly_available ? "REGIONAL" : "ZONAL"
    deletion_protection_enabled = var.deletion_protection
    disk_autoresize             = true
    disk_size                   = var.disk_gb
    disk_type                   = "PD_SSD"
    user_labels                 = var.labels

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = var.point_in_time_days
      start_time                     = "23:00"

      backup_retention_settings {
        retained_backups = 14
        retention_unit   = "COUNT"
      }
    }

    dynamic "database_flags" {
      for_each = local.flags

      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }

    insights_config {
      query_insights_enabled  = true
      query_plans_per_minute  = 5
      query_string_length     = 1024
      record_application_tags = true
      record_client_address   = false
    }

    ip_configuration {
      ipv4_enabled                                  = false
      private_network                               = var.network
      enable_private_path_for_google_cloud_services = true
      ssl_mode                                      = "ENCRYPTED_ONLY"
    }

    maintenance_window {
      day          = 7
      hour         = 3
      update_track = "stable"
    }
  }

  lifecycle {
    # scheduled-scaling and budget-guard may have stopped it; the disk grows by itself.
    ignore_changes = [settings[0].activation_policy, settings[0].disk_size]
  }
}

resource "google_sql_database" "this" {
  project  = var.project_id
  name     = var.database
  instance = google_sql_database_instance.this.name
  # A database with tables in it is not Terraform's to drop.
  deletion_policy = "ABANDON"
}

resource "google_sql_database_instance" "replica" {
  #checkov:skip=CKV_GCP_6:see the primary
  #checkov:skip=CKV_GCP_79:it has the version of its primary
  count = var.replica_region == null ? 0 : 1

  project              = var.project_id
  name                 = "${var.name}-replica"
  region               = var.replica_region
  database_version     = var.postgres_version
  master_instance_name = google_sql_database_instance.this.name
  deletion_protection  = var.deletion_protection

  settings {
    tier                        = var.tier
    edition                     = "ENTERPRISE"
    availability_type           = "ZONAL"
    deletion_protection_enabled = var.deletion_protection
    disk_autoresize             = true
    disk_type                   = "PD_SSD"
    user_labels                 = var.labels

    dynamic "database_flags" {
      for_each = local.flags

      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.network
      ssl_mode        = "ENCRYPTED_ONLY"
    }
  }

  lifecycle {
    ignore_changes = [settings[0].activation_policy, settings[0].disk_size]
  }
}
