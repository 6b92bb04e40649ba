# The way in: one address in the world, a certificate that renews itself, a firewall for requests, and the nearest region.

locals {
  # Sensitivity 1 is what Google recommends to begin with: few false alarms.
  attacks = {
    sqli           = "sqli-v33-stable"
    xss            = "xss-v33-stable"
    lfi            = "lfi-v33-stable"
    rce            = "rce-v33-stable"
    scanner        = "scannerdetection-v33-stable"
    protocol       = "protocolattack-v33-stable"
    session        = "sessionfixation-v33-stable"
    known_exploits = "cve-canary"
  }
}

resource "google_compute_global_address" "this" {
  project = var.project_id
  name    = var.name
  labels  = var.labels
}

resource "google_compute_managed_ssl_certificate" "this" {
  project = var.project_id
  # A certificate cannot change its names: another list is another certificate, made before the old one goes.
  name = "${var.name}-${substr(sha256(join(",", var.domains)), 0, 8)}"

  managed {
    domains = var.domains
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "this" {
  project         = var.project_id
  name            = var.name
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_region_network_endpoint_group" "this" {
  for_each = var.services

  project               = var.project_id
  name                  = "${var.name}-${each.key}"
  region                = each.key
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = each.value
  }
}

resource "google_compute_security_policy" "this" {
  #checkov:skip=CKV_GCP_73:the rule for Log4j is among cve-canary
  project     = var.project_id
  name        = var.name
  description = "What is refused before it reaches ${var.name}"
  type        = "CLOUD_ARMOR"

  dynamic "rule" {
    for_each = { for index, name in sort(keys(local.attacks)) : name => { priority = 1000 + 10 * index, set = local.attacks[name] } }

    content {
      action      = "deny(403)"
      priority    = rule.value.priority
      preview     = var.waf_preview
      description = rule.key

      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.value.set}', {'sensitivity': 1})"
        }
      }
    }
  }

  rule {
    action      = "throttle"
    priority    = 2000
    description = "at most ${var.rate_per_minute} requests a minute from one address"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = var.rate_per_minute
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "everybody else"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_backend_service" "this" {
  project               = var.project_id
  name                  = var.name
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  security_policy       = google_compute_security_policy.this.id
  enable_cdn            = var.cdn

  dynamic "backend" {
    for_each = google_compute_region_network_endpoint_group.this

    content {
      group = backend.value.id
    }
  }

  dynamic "cdn_policy" {
    for_each = var.cdn ? [true] : []

    content {
      cache_mode                   = "CACHE_ALL_STATIC"
      default_ttl                  = 3600
      client_ttl                   = 3600
      max_ttl                      = 86400
      serve_while_stale            = 86400
      signed_url_cache_max_age_sec = 0
    }
  }

  # With no client named, Google keeps one of its own.
  dynamic "iap" {
    for_each = length(var.iap_members) > 0 ? [true] : []

    content {
      enabled = true
    }
  }

  log_config {
    enable      = true
    sample_rate = 1.0
  }

  # A region that answers errors is left out for a while.
  outlier_detection {
    consecutive_errors = 5

    interval {
      seconds = 10
    }

    base_ejection_time {
      seconds = 30
    }
  }
}

resource "google_iap_web_backend_service_iam_member" "this" {
  for_each = var.iap_members

  project             = var.project_id
  web_backend_service = google_compute_backend_service.this.name
  role                = "roles/iap.httpsResourceAccessor"
  member              = each.value
}

resource "google_compute_url_map" "this" {
  project         = var.project_id
  name            = var.name
  default_service = google_compute_backend_service.this.id
}

resource "google_compute_target_https_proxy" "this" {
  project          = var.project_id
  name             = var.name
  url_map          = google_compute_url_map.this.id
  ssl_certificates = [google_compute_managed_ssl_certificate.this.id]
  ssl_policy       = google_compute_ssl_policy.this.id
}

resource "google_compute_global_forwarding_rule" "https" {
  project               = var.project_id
  name                  = "${var.name}-https"
  target                = google_compute_target_https_proxy.this.id
  ip_address            = google_compute_global_address.this.id
  port_range            = "443"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  labels                = var.labels
}

resource "google_compute_url_map" "redirect" {
  project = var.project_id
  name    = "${var.name}-redirect"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "redirect" {
  project = var.project_id
  name    = "${var.name}-redirect"
  url_map = google_compute_url_map.redirect.id
}

resource "google_compute_global_forwarding_rule" "http" {
  project               = var.project_id
  name                  = "${var.name}-http"
  target                = google_compute_target_http_proxy.redirect.id
  ip_address            = google_compute_global_address.this.id
  port_range            = "80"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  labels                = var.labels
}
