# Small, and gone when it is not needed: nothing is protected from deletion.
environment    = "dev"
project_id     = "acme-dev"
region         = "europe-west1"
monthly_budget = 100

billing_account = "01D4EE-079462-DFD6EC"
database_url    = null # platform.database
emails          = { operations = "operations@example.com" }

github = {
  pool          = "projects/424242424242/locations/global/workloadIdentityPools/github"
  repository_id = "123456789"
}

images = {
  backup            = "europe-west1-docker.pkg.dev/acme-dev/nightshift/backup@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  scheduled-scaling = "europe-west1-docker.pkg.dev/acme-dev/nightshift/scheduled-scaling@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  shop              = "europe-west1-docker.pkg.dev/acme-dev/nightshift/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000"
}

backup = {
  password_secret = "projects/acme-dev/secrets/backup-database"
  retention       = { daily = 7, weekly = 0, monthly = 0 }
  retention_days  = 0
}

platform = {
  database = {}
  services = { shop = {} }
}

scaling = {
  schedules = {
    office = {
      time_zone = "Europe/Berlin"
      default   = { min = 0, max = 1 }
      windows   = [{ name = "work", days = "mon-fri", from = "08:00", to = "18:00", min = 1, max = 3 }]
    }
  }
  targets = { shop = { schedule = "office" } }
}
