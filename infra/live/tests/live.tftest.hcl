# Each function can be switched on alone, and what it is told is what was set.

mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "424242424242" }
  }

  mock_resource "google_service_account" {
    defaults = {
      email  = "mocked@acme.iam.gserviceaccount.com"
      member = "serviceAccount:mocked@acme.iam.gserviceaccount.com"
      name   = "projects/acme/serviceAccounts/mocked@acme.iam.gserviceaccount.com"
    }
  }

  mock_resource "google_billing_budget" {
    defaults = { name = "billingAccounts/01D4EE-079462-DFD6EC/budgets/de72f49d-779b-4945-a127-4d6ce8def0bb" }
  }
}

variables {
  backup          = null
  billing_account = "01D4EE-079462-DFD6EC"
  database_url    = "postgres://backup@db.internal/shop"
  emails          = { operations = "operations@example.com" }
  environment     = "dev"
  github          = { pool = "projects/42/locations/global/workloadIdentityPools/github", repository_id = "123456789" }
  monthly_budget  = 100
  project_id      = "acme"
  region          = "europe-west1"

  images = {
    backup            = "europe-west1-docker.pkg.dev/acme/nightshift/backup@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    budget-guard      = "europe-west1-docker.pkg.dev/acme/nightshift/budget-guard@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    rotate-secrets    = "europe-west1-docker.pkg.dev/acme/nightshift/rotate-secrets@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    scheduled-scaling = "europe-west1-docker.pkg.dev/acme/nightshift/scheduled-scaling@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }
}

run "nothing_is_switched_on_by_itself" {
  command = plan

  assert {
    condition     = length(module.backup) + length(module.scheduled_scaling) + length(module.rotate_secrets) + length(module.budget_guard) == 0
    error_message = "a function that nobody asked for"
  }

  assert {
    condition     = length(google_project_iam_custom_role.this) == 0
    error_message = "a role for a function that is off"
  }
}

run "backup_alone" {
  command = plan

  variables {
    backup = {}
  }

  assert {
    condition     = keys(module.backup) == ["prune", "run", "status"]
    error_message = "without a scratch server there is no drill"
  }

  assert {
    condition     = !contains(google_project_iam_custom_role.this["backup_writer"].permissions, "storage.objects.delete")
    error_message = "who makes backups may delete them"
  }

  assert {
    condition     = join(" ", output.alerts) == "backup-doubtful backup-failed backup-overdue job-failed"
    error_message = "an alert is missing, or one too many"
  }
}

run "scaling_alone" {
  command = plan

  variables {
    scaling = {
      schedules = { office = { time_zone = "Europe/Berlin", default = { min = 0 }, windows = [{ name = "core", days = "mon-fri", from = "07:00", to = "19:00", min = 4 }] } }
      targets   = { shop = { schedule = "office" } }
    }
  }

  assert {
    condition     = jsondecode(output.config["scaling"]).targets[0].name == "projects/acme/locations/europe-west1/services/shop"
    error_message = "a name without slashes is a service of this project"
  }

  assert {
    condition     = !strcontains(output.config["scaling"], "null")
    error_message = "what is not set is left out"
  }
}

run "rotation_alone" {
  command = plan

  variables {
    rotation = { secrets = { session-key = { target = { random = {} } } } }
  }

  assert {
    condition     = jsondecode(output.config["rotation"]).project_number == 424242424242
    error_message = "events name the project by number"
  }

  assert {
    condition     = keys(module.rotating_secret) == ["session-key"]
    error_message = "the secret is not there"
  }
}

run "the_guard_alone" {
  command = plan

  variables {
    budget_guard = { guard_project = "acme-finance" }
  }

  assert {
    condition     = jsondecode(output.config["budget"]).budget[0].id == "de72f49d-779b-4945-a127-4d6ce8def0bb"
    error_message = "it listens to another budget"
  }

  assert {
    condition     = jsondecode(output.config["budget"]).mode == "dry_run"
    error_message = "it acts before somebody said so"
  }
}

run "several_tasks_and_a_retention_policy_are_refused" {
  command = plan

  variables {
    backup = { tasks = 4 }
  }

  expect_failures = [var.backup]
}
