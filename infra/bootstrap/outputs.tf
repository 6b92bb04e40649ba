output "pool" {
  description = "For live: the variable github.pool."
  value       = google_iam_workload_identity_pool.github.name
}

output "provider" {
  description = "For the variable WORKLOAD_IDENTITY_PROVIDER on GitHub."
  value       = google_iam_workload_identity_pool_provider.actions.name
}

output "state" {
  description = "For env/*.gcs.tfbackend."
  value = {
    bucket             = google_storage_bucket.state.name
    kms_encryption_key = google_kms_crypto_key.state.id
  }
}
