output "account" {
  description = "E-mail address of the account, for the variable DEPLOYER of the environment on GitHub."
  value       = google_service_account.this.email
}
