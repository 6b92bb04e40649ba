# Protected, in two zones, with its backups in another region.
environment    = "production"
project_id     = "acme-production"
region         = "europe-west1"
monthly_budget = 2000

billing_account = "01D4EE-079462-DFD6EC"
database_url    = null # platform.database
emails          = { operations = "operations@example.com" }
slack           = { channel = "#operations" }
pagerduty       = {}
runbooks        = "https://github.com/acme/nightshift/blob/main/docs/runbooks"

github = {
  pool          = "projects/424242424244/locations/global/workloadIdentityPools/github"
  repository_id = "123456789"
}

images = {
  backup            = "europe-west1-docker.pkg.dev/acme-production/nightshift/backup@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  budget-guard      = "europe-west1-docker.pkg.dev/acme-production/nightshift/budget-guard@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  rotate-secrets    = "europe-west1-docker.pkg.dev/acme-production/nightshift/rotate-secrets@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  scheduled-scaling = "europe-west1-docker.pkg.dev/acme-production/nightshift/scheduled-scaling@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  shop              = "europe-west1-docker.pkg.dev/acme-production/nightshift/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

backup = {
  bucket_location = "europe-west4"
  password_secret = "projects/acme-production/secrets/backup-database"
  retention_days  = 14
  workers         = 4

  drill = {
    password_secret = "projects/acme-production/secrets/drill-database"
    scratch         = "postgres://drill@10.10.4.5/postgres?sslmode=require"
  }
}

# In the same project it only tells: what is to be stopped must be in another one than the guard.
budget_guard = {
  guard_project = "acme-production"
  amount        = { min = "500", max = "10000" }
  channels      = { operations = { kind = "slack", secret = "projects/acme-production/secrets/slack-webhook" } }
  steps = [
    { id = "half", class = "notify", when = { actual = "50%" }, do = ["operations"] },
    { id = "forecast", class = "notify", when = { google_forecast = "100%" }, do = ["operations"] },
    { id = "full", class = "notify", when = { actual = "100%" }, do = ["operations"] },
  ]
}

platform = {
  cache    = { highly_available = true }
  database = { highly_available = true, replica_region = "europe-west4", tier = "db-custom-2-7680", connections = 200 }
  domains  = ["shop.example.com"]
  edge     = { cdn = true }
  services = {
    shop = {
      max_instances = 20
      min_instances = 2
      public        = true
      secrets       = { SESSION_KEY = { secret = "projects/acme-production/secrets/session-key" } }
    }
  }
}

rotation = {
  groups = { web = { distance = "2h" } }
  secrets = {
    session-key = {
      consumers = ["shop"]
      group     = "web"
      locations = ["europe-west1", "europe-west4"]
      target    = { random = { bytes = 48 } }
    }
  }
}

scaling = {
  calendars = { holidays = { dates = ["2026-12-25..2026-12-26", "2027-01-01"] } }
  schedules = {
    shop = {
      time_zone = "Europe/Berlin"
      default   = { min = 1, max = 10 }
      limits    = { min = 1, max = 20 }
      windows = [
        { name = "day", days = "mon-fri", from = "07:00", to = "22:00", min = 3, max = 20, lead = "10m" },
        { name = "weekend", days = "sat-sun", from = "09:00", to = "20:00", min = 2, max = 20 },
      ]
      exceptions = [{ calendar = "holidays", min = 1 }]
    }
  }
  targets = { shop = { schedule = "shop" } }
}
