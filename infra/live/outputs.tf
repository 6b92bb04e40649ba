output "addresses" {
  description = "What the names of each public service must lead to."
  value       = { for name, edge in module.edge : name => edge.address }
}

output "alerts" {
  description = "The runbooks of the alerts that are on."
  value       = sort(module.monitoring.alerts)
}

output "config" {
  description = "What each function is told: to be read, or given to its `check --offline`."
  value       = { for name, document in local.config : name => document if local.with[name] }
}

output "deployer" {
  description = "For the variable DEPLOYER of the environment on GitHub."
  value       = module.github_deployer.account
}

output "registry" {
  description = "What stands in front of an image's name; for the variable REGISTRY on GitHub."
  value       = module.registry.address
}
