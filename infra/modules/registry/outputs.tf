output "address" {
  description = "What stands in front of an image's name."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}"
}

output "name" {
  description = "Name of the repository."
  value       = google_artifact_registry_repository.this.repository_id
}
