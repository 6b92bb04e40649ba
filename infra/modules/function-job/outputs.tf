output "account" {
  description = "The account it runs as: e-mail address, member and full name."
  value = {
    email  = google_service_account.this.email
    member = google_service_account.this.member
    name   = google_service_account.this.name
  }
}

output "name" {
  description = "Name of the job."
  value       = google_cloud_run_v2_job.this.name
}
