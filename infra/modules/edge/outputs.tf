output "address" {
  description = "The address that the names must lead to."
  value       = google_compute_global_address.this.address
}
