output "dead_letters" {
  description = "Name of the subscription that holds what nobody could handle."
  value       = google_pubsub_subscription.dead.name
}

output "pusher" {
  description = "E-mail address of the account that pushes: the service must let it in."
  value       = google_service_account.push.email
}

output "subscription" {
  description = "Name of the subscription that pushes."
  value       = google_pubsub_subscription.push.name
}

output "topic" {
  description = "Full name of the topic, once its publishers may publish."
  value       = google_pubsub_topic.this.id
  depends_on  = [google_pubsub_topic_iam_member.publisher]
}
