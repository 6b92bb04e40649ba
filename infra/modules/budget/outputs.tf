output "id" {
  description = "Id of the budget in its account, which budget-guard's configuration names."
  value       = reverse(split("/", google_billing_budget.this.name))[0]
}
