# What the functions look after.

locals {
  services = try(var.platform.services, {})
}

module "network" {
  source = "../modules/network"
  count  = var.platform == null ? 0 : 1

  cidr       = var.platform.cidr
  name       = "nightshift"
  project_id = var.project_id
  region     = var.region
}

module "database" {
  source = "../modules/database"
  count  = try(var.platform.database, null) == null ? 0 : 1

  deletion_protection = local.protected
  highly_available    = var.platform.database.highly_available
  labels              = local.labels
  name                = "main"
  network             = module.network[0].id
  postgres_version    = var.platform.database.version
  project_id          = var.project_id
  region              = var.region
  replica_region      = var.platform.database.replica_region
  tier                = var.platform.database.tier
}

module "cache" {
  source = "../modules/cache"
  count  = try(var.platform.cache, null) == null ? 0 : 1

  deletion_protection = local.protected
  highly_available    = var.platform.cache.highly_available
  labels              = local.labels
  memory_gb           = var.platform.cache.memory_gb
  name                = "main"
  network             = module.network[0].id
  project_id          = var.project_id
  region              = var.region
}

module "service" {
  source   = "../modules/service"
  for_each = local.services

  cpu                 = each.value.cpu
  deletion_protection = local.protected
  env                 = each.value.env
  health_path         = each.value.health_path
  image               = var.images[each.key]
  # Whoever comes through the load balancer has passed the firewall; with Identity-Aware Proxy, its agent calls.
  invokers      = each.value.public && length(var.platform.edge.iap_members) > 0 ? { iap = local.agent.iap } : {}
  labels        = local.labels
  max_instances = each.value.max_instances
  memory        = each.value.memory
  min_instances = each.value.min_instances
  name          = each.key
  open_to_all   = each.value.public && length(var.platform.edge.iap_members) == 0
  project_id    = var.project_id
  region        = var.region
  secrets       = each.value.secrets
  vpc           = one(module.network[*].vpc)

  # The secrets it reads may be among them; the grant to read is the service's own.
  depends_on = [module.rotating_secret]
}

module "edge" {
  source   = "../modules/edge"
  for_each = length(try(var.platform.domains, [])) > 0 ? { for name, service in local.services : name => service if service.public } : {}

  cdn             = var.platform.edge.cdn
  domains         = var.platform.domains
  iap_members     = var.platform.edge.iap_members
  labels          = local.labels
  name            = each.key
  project_id      = var.project_id
  rate_per_minute = var.platform.edge.rate_per_minute
  services        = { (var.region) = module.service[each.key].name }
  waf_preview     = var.platform.edge.waf_preview
}
