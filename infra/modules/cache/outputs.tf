output "address" {
  description = "HOST:PORT of the instance, which speaks TLS only."
  value       = "${google_redis_instance.this.host}:${google_redis_instance.this.port}"
}
