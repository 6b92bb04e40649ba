# Shaped like production, and smaller.
environment    = "staging"
project_id     = "acme-staging"
region         = "europe-west1"
monthly_budget = 300

billing_account = "01D4EE-079462-DFD6EC"
database_url    = null # platform.database
emails          = { operations = "operations@example.com" }

github = {
  pool          = "projects/424242424243/locations/global/workloadIdentityPools/github"
  repository_id = "123456789"
}

images = {
  backup            = "europe-west1-docker.pkg.dev/acme-staging/nightshift/backup@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  rotate-secrets    = "europe-west1-docker.pkg.dev/acme-staging/nightshift/rotate-secrets@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  scheduled-scaling = "europe-west1-docker.pkg.dev/acme-staging/nightshift/scheduled-scaling@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  shop              = "europe-west1-docker.pkg.dev/acme-staging/nightshift/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

backup = {
  password_secret = "projects/acme-staging/secrets/backup-database"
  retention       = { daily = 7, weekly = 4, monthly = 0 }
}

platform = {
  database = {}
  domains  = ["staging.shop.example.com"]
  edge     = { iap_members = { staff = "group:staff@example.com" } }
  services = {
    shop = {
      public  = true
      secrets = { SESSION_KEY = { secret = "projects/acme-staging/secrets/session-key" } }
    }
  }
}

rotation = {
  secrets = {
    session-key = {
      consumers = { shop = {} }
      target    = { random = {} }
    }
  }
}

scaling = {
  schedules = {
    office = {
      time_zone = "Europe/Berlin"
      default   = { min = 0, max = 2 }
      windows   = [{ name = "work", days = "mon-fri", from = "08:00", to = "18:00", min = 1, max = 5 }]
    }
  }
  targets = { shop = { schedule = "office" } }
}
