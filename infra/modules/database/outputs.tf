output "address" {
  description = "Private address of the instance."
  value       = google_sql_database_instance.this.private_ip_address
}

output "connection_name" {
  description = "PROJECT:REGION:INSTANCE, by which Cloud Run mounts its socket."
  value       = google_sql_database_instance.this.connection_name
}

output "database" {
  description = "Name of the database."
  value       = google_sql_database.this.name
}

output "name" {
  description = "Name of the instance."
  value       = google_sql_database_instance.this.name
}
