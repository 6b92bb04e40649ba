output "account" {
  description = "The account it runs as: e-mail address, member and full name."
  value = {
    email  = google_service_account.this.email
    member = google_service_account.this.member
    name   = google_service_account.this.name
  }
}

output "full_name" {
  description = "projects/PROJECT/locations/REGION/services/NAME, as scheduled-scaling names its targets."
  value       = "projects/${var.project_id}/locations/${var.region}/services/${google_cloud_run_v2_service.this.name}"
}

output "name" {
  description = "Name of the service."
  value       = google_cloud_run_v2_service.this.name
}

output "uri" {
  description = "Address of the service."
  value       = google_cloud_run_v2_service.this.uri
}
