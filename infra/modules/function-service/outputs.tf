output "account" {
  description = "The account it runs as: e-mail address, member and full name."
  value = {
    email  = google_service_account.this.email
    member = google_service_account.this.member
    name   = google_service_account.this.name
  }
}

output "audience" {
  description = "What callers must put into their tokens."
  value       = local.audience
}

output "name" {
  description = "Name of the service."
  value       = google_cloud_run_v2_service.this.name
}

output "uri" {
  description = "Address of the service, once its callers may call it."
  value       = google_cloud_run_v2_service.this.uri
}
