output "name" {
  description = "Name of the bucket, once it can be written to."
  value       = google_storage_bucket.this.name
  depends_on  = [google_storage_bucket_iam_member.this]
}
