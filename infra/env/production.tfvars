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

# It tells of this project and takes from another: in its own a guard never acts.
budget_guard = {
  accounts        = ["projects/acme-lab/serviceAccounts/trainer@acme-lab.iam.gserviceaccount.com"]
  amount          = { min = "500", max = "10000" }
  project_numbers = ["424242424244", "424242424245"]
  protected       = ["run:acme-lab/europe-west1/front"]
  channels = {
    incidents  = { kind = "pagerduty", secret = "projects/acme-production/secrets/pagerduty-guard" }
    operations = { kind = "slack", secret = "projects/acme-production/secrets/slack-webhook" }
  }
  steps = [
    { id = "half", class = "notify", when = { actual = "50%" }, do = ["operations"] },
    { id = "forecast", class = "notify", when = { google_forecast = "100%" }, do = ["operations"] },
    { id = "less", class = "throttle", when = { actual = "90%" }, release = "80%", do = ["operations", "run.max_instances:acme-lab/europe-west1/trainer=1"] },
    {
      id      = "stop"
      class   = "stop"
      when    = { actual = "100%" }
      release = "95%"
      do = [
        "operations", "incidents",
        "run.disable:acme-lab/europe-west1/trainer",
        "scheduler.pause:acme-lab/europe-west1/train",
        "sql.stop:acme-lab/features",
      ]
    },
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
      secrets = {
        DATABASE    = { secret = "projects/acme-production/secrets/shop-db" }
        SESSION_KEY = { secret = "projects/acme-production/secrets/session-key" }
      }
    }
  }
}

rotation = {
  groups = { shop = { distance = "1d" } }
  secrets = {
    session-key = {
      consumers = { shop = {} }
      group     = "shop"
      locations = ["europe-west1", "europe-west4"]
      target    = { random = { ahead = true, keep = 1, value = { base64url = { bytes = 48 } } } }
    }

    # Two accounts of the database take turns, so that no login fails.
    shop-db = {
      consumers     = { shop = {} }
      grace         = "2h"
      group         = "shop"
      max_age       = "95d"
      rotation_days = 90
      windows       = { zone = "Europe/Berlin", weekly = [{ days = ["tue", "wed", "thu"], from = "10:00", to = "16:00" }] }
      target = {
        postgres = {
          also_known_as = ["10.10.4.3"] # how the URL in the payload names this very server
          owner_role    = "shop_owner"
          payload       = { form = "json", json = { user = "username", urls = ["DATABASE_URL"] } }
          users         = ["shop_a", "shop_b"]
        }
      }
    }

    partner-key = {
      grace  = "1d"
      target = { service_account_key = { account = "partner@acme-production.iam.gserviceaccount.com", valid_days = 120 } }
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
