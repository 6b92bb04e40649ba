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

output "ships" {
  description = "What the pipeline ships here, as JSON: each function with the jobs or the service that run its image. For the variable STAGING or PRODUCTION of the repository on GitHub."
  value = jsonencode(concat(
    local.with.backup ? [{ function = "backup", kind = "job", targets = sort([for name in keys(module.backup) : "backup-${name}"]) }] : [],
    [for name, on in {
      budget-guard      = local.with.budget
      rotate-secrets    = local.with.rotation
      scheduled-scaling = local.with.scaling
    } : { function = name, kind = "function", targets = [name] } if on],
  ))
}
