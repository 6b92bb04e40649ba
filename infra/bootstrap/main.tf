# What must be there before anything else: the APIs, a bucket for Terraform's state, and the door through which GitHub comes.
# Applied once for each project, by a person, with a state on their disk.

provider "google" {
  project        = var.project_id
  region         = var.region
  default_labels = var.labels
}

locals {
  apis = toset([
    "artifactregistry.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudkms.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "iap.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "redis.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "servicenetworking.googleapis.com",
    "serviceusage.googleapis.com",
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ])
}

resource "google_project_service" "this" {
  for_each = local.apis

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

data "google_storage_project_service_account" "this" {
  project = var.project_id
}

resource "google_kms_key_ring" "state" {
  project    = var.project_id
  name       = "terraform-state"
  location   = var.region
  depends_on = [google_project_service.this]
}

resource "google_kms_crypto_key" "state" {
  name            = "state"
  key_ring        = google_kms_key_ring.state.id
  rotation_period = "7776000s"

  lifecycle {
    # Without the key the state is noise, and everything it manages is nobody's.
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "storage" {
  crypto_key_id = google_kms_crypto_key.state.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = data.google_storage_project_service_account.this.member
}

resource "google_storage_bucket" "state" {
  #checkov:skip=CKV_GCP_62:data access logs of the project say who read; a log bucket would say it again
  project                     = var.project_id
  name                        = "${var.project_id}-terraform-state"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 2592000
  }

  encryption {
    default_kms_key_name = google_kms_crypto_key.state.id
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      num_newer_versions         = 50
      days_since_noncurrent_time = 90
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.storage]
}

# A deleted pool's name stays taken for 30 days.
resource "google_iam_workload_identity_pool" "github" {
  project                   = var.project_id
  workload_identity_pool_id = "github"
  display_name              = "GitHub Actions"
  depends_on                = [google_project_service.this]
}

resource "google_iam_workload_identity_pool_provider" "actions" {
  #checkov:skip=CKV_GCP_125:the rule reads only assertion.sub; the repository's number cannot be registered again, its name can
  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "actions"
  display_name                       = "GitHub Actions"

  attribute_mapping = {
    "google.subject" = "assertion.sub"
    # A grant can ask for one attribute only, so the three that count are one. Every release has a tag of its own, and they all
    # count as `release`: who may push tags that begin with v is said by a rule set on GitHub.
    "attribute.deploy" = "assertion.repository_id + ':' + (assertion.ref.startsWith('refs/tags/v') ? 'release' : assertion.ref) + ':' + assertion.environment"
  }

  # Without it every repository in the world could come in. Workflows of `pull_request_target` have the identity of the repository and
  # may run what a stranger wrote.
  attribute_condition = "assertion.repository_id == '${var.github_repository_id}' && has(assertion.environment) && assertion.event_name != 'pull_request_target'"

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}
