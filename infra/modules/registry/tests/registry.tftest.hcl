mock_provider "google" {}

variables {
  name       = "nightshift"
  project_id = "acme"
  region     = "europe-west1"
  writers    = { deployer = "serviceAccount:deploy@acme.iam.gserviceaccount.com" }
}

run "tags_stay_and_old_images_go" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.this.docker_config[0].immutable_tags && !google_artifact_registry_repository.this.cleanup_policy_dry_run
    error_message = "a tag can be moved, or the clean-up only pretends"
  }

  assert {
    condition     = output.address == "europe-west1-docker.pkg.dev/acme/nightshift"
    error_message = "images are named after another place"
  }
}
