terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.7"
    }
  }

  # Bucket, prefix and key come from ../env/ENVIRONMENT.gcs.tfbackend. (Not encryption_key: that is a key of one's own making.)
  backend "gcs" {}
}

provider "google" {
  project = var.project_id
  region  = var.region
  # Budgets are no project's: with a person's credentials Google asks which project pays for the call.
  billing_project       = var.project_id
  user_project_override = true

  default_labels = local.labels
}
