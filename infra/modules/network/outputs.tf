output "id" {
  description = "Full name of the network, once managed services can take addresses in it."
  value       = google_compute_network.this.id
  depends_on  = [google_service_networking_connection.this]
}

output "vpc" {
  description = "Network and subnetwork for the direct egress of Cloud Run."
  value = {
    network    = google_compute_network.this.id
    subnetwork = google_compute_subnetwork.this.id
  }
}
