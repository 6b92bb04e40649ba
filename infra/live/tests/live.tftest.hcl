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

run "production_is_protected" {
  command = plan

  variables {
    environment = "production"
  }

  assert {
    condition     = local.protected
    error_message = "production can be deleted"
  }
}

run "protection_can_be_taken_off_before_an_uninstall" {
  command = plan

  variables {
    deletion_protection = false
    environment         = "production"
  }

  assert {
    condition     = !local.protected
    error_message = "what was to go refuses to"
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
    condition     = !contains(google_project_iam_custom_role.this["acme backup_writer"].permissions, "storage.objects.delete")
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

run "scaling_may_change_what_it_names_and_nothing_else" {
  command = plan

  variables {
    scaling = {
      schedules = { night = { time_zone = "UTC", default = { level = "keep" } } }
      targets = {
        main                                                 = { kind = "sql", schedule = "night" }
        workers                                              = { kind = "worker-pool", schedule = "night", interrupt = "ok" }
        "projects/elsewhere/locations/us-east1/services/api" = { schedule = "night", account = "projects/elsewhere/serviceAccounts/api@elsewhere.iam.gserviceaccount.com" }
      }
    }
  }

  assert {
    condition = keys(local.grants_on.project) == [
      "scaling_reader projects/acme", "scaling_reader projects/elsewhere",
    ] && keys(google_project_iam_member.reached_instance) == ["scaling_database projects/acme/instances/main"]
    error_message = "on a project it may only list, and Cloud SQL's grant names the instance"
  }

  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.reached) == ["scaling_service projects/elsewhere/locations/us-east1/services/api"]
    error_message = "the service of another project is not reached, or more is"
  }

  assert {
    condition     = keys(google_cloud_run_v2_worker_pool_iam_member.reached) == ["scaling_pool projects/acme/locations/europe-west1/workerPools/workers"]
    error_message = "the worker pool is not reached"
  }

  assert {
    condition     = google_service_account_iam_member.acts_as["scaling projects/elsewhere/serviceAccounts/api@elsewhere.iam.gserviceaccount.com"].role == "roles/iam.serviceAccountUser"
    error_message = "Cloud Run would refuse the change"
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

  assert {
    condition     = length(local.grants) == 0
    error_message = "a random value needs nothing but its secret"
  }
}

# The document of this run goes to the program's own check, too (crates/infra-tests).
run "every_kind_of_secret" {
  command = plan

  variables {
    rotation = {
      topic = "projects/acme/topics/rotations"
      secrets = {
        erp         = { target = { http_hook = { url = "https://erp.internal/credentials", key_secret = "projects/acme/secrets/erp-hook", overlap = true, revoke = true } } }
        legacy-db   = { target = { postgres = { admin = { cloud_sql_api = { instance = "legacy" } }, database = "legacy", host = "10.0.0.4", users = ["legacy"], password = { password = { length = 40, alphabet = "printable" } } } } }
        partner-key = { target = { service_account_key = { account = "partner@elsewhere.iam.gserviceaccount.com", valid_days = 120 } } }
        reporting-db = {
          consumers = { nightly-report = { kind = "job" } }
          target = {
            postgres = {
              admin    = { password = { user = "rotator", secret = "projects/acme/secrets/rotator" } }
              database = "shop"
              host     = "10.0.0.3"
              tls      = { mode = "verify-ca", root_certificates_secret = "projects/acme/secrets/cloudsql-ca" }
              users    = ["reporting"]
            }
          }
        }
        session-key = { target = { random = { value = { base64url = {} }, keep = 1, ahead = true } } }
        shop-db = {
          consumers = { "projects/acme/locations/europe-west1/services/checkout" = { pinned_traffic = "move" } }
          target = {
            postgres = {
              database   = "shop"
              instance   = "acme:europe-west1:main"
              owner_role = "app_owner"
              payload    = { json = { user = "username", urls = ["DATABASE_URL"] } }
              rights     = [{ table = "public.orders", rights = ["select", "insert"] }]
              users      = ["app_a", "app_b"]
            }
          }
        }
        token-signing = { target = { key_pair = { keep = 2 } } }
        wifi          = { staging = "inline", target = { random = { value = { words = {} } } } }
      }
    }
  }

  assert {
    condition = sort(keys(google_project_iam_member.reached_instance)) == sort([
      "rotation_users projects/acme/instances/legacy",
      "roles/cloudsql.client rotation projects/acme/instances/main",
      "roles/cloudsql.instanceUser rotation projects/acme/instances/main",
    ])
    error_message = "it may log in where it does, change users where it does, and nowhere else"
  }

  assert {
    condition     = keys(local.grants_on.account) == ["rotation_keys projects/elsewhere/serviceAccounts/partner@elsewhere.iam.gserviceaccount.com"]
    error_message = "the key's own account, and no other"
  }

  assert {
    condition     = keys(google_cloud_run_v2_job_iam_member.reached) == ["rotation_job projects/acme/locations/europe-west1/jobs/nightly-report"]
    error_message = "the job that reads it is not rolled"
  }

  assert {
    condition     = keys(local.rotation_secrets) == ["erp-hook", "reporting-db-admin", "reporting-db-ca"]
    error_message = "what it signs and logs in with comes as files"
  }

  assert {
    condition     = !strcontains(output.config["rotation"], "null")
    error_message = "what is not set is left out"
  }
}

run "a_secret_of_two_kinds_is_refused" {
  command = plan

  variables {
    rotation = { secrets = { session-key = { target = { key_pair = {}, random = {} } } } }
  }

  expect_failures = [var.rotation]
}

run "a_database_that_is_nowhere_is_refused" {
  command = plan

  variables {
    rotation = { secrets = { shop-db = { target = { postgres = { database = "shop", users = ["shop"] } } } } }
  }

  expect_failures = [var.rotation]
}

run "the_guard_alone" {
  command = plan

  variables {
    budget_guard = {
      channels = { operations = { kind = "slack", secret = "projects/acme/secrets/slack" } }
      steps    = [{ id = "half", class = "notify", when = { actual = "50%" }, do = ["operations"] }]
    }
  }

  assert {
    condition     = jsondecode(output.config["budget"]).budget[0].id == "de72f49d-779b-4945-a127-4d6ce8def0bb"
    error_message = "it listens to another budget"
  }

  assert {
    condition     = jsondecode(output.config["budget"]).mode == "dry_run"
    error_message = "it acts before somebody said so"
  }

  assert {
    condition     = length(local.grants) == 0
    error_message = "a guard that only tells may take nothing"
  }
}

# The document of this run goes to the program's own check, too (crates/infra-tests).
run "every_action_of_the_guard" {
  command = plan

  variables {
    budget_guard = {
      accounts    = ["projects/lab/serviceAccounts/api@lab.iam.gserviceaccount.com"]
      cap_billing = { enabled = true, projects = ["lab"], i_know = "resources may be irretrievably deleted" }
      channels = {
        hook  = { kind = "webhook", secret = "projects/acme/secrets/hook", signing_secret = "projects/acme/secrets/hook-signing" }
        pager = { kind = "pagerduty", secret = "projects/acme/secrets/pager" }
        topic = { kind = "pubsub", topic = "projects/acme/topics/alarms" }
      }
      steps = [
        { id = "odd", class = "notify", when = { spike = {} }, do = ["topic"] },
        { id = "soon", class = "notify", when = { runway_hours = 12 }, do = ["topic"] },
        { id = "less", class = "throttle", when = { actual = "90%" }, release = "80%", do = [
          "hook", "run.max_instances:lab/eu/api=1", "run.min_instances:lab/eu/api=0", "run.ingress_internal:lab/eu/api", "pool.instances:lab/eu/workers=0",
          "quota.limit:lab/bigquery.googleapis.com/bigquery.googleapis.com%2Fquota%2Fquery%2Fusage@%2Fd%2Fproject=1",
        ] },
        { id = "stop", class = "stop", when = { actual = "100%" }, do = [
          "pager", "run.disable:lab/eu/api", "run.close_door:lab/eu/front", "scheduler.pause:lab/eu/nightly", "sql.stop:lab/main", "compute.stop:lab/eu-b/gpu",
        ] },
        { id = "cap", class = "cap", when = { actual = "120%" }, confirm = 2, confirm_min = "20m", do = ["pager", "billing.unlink:lab"] },
      ]
    }
  }

  assert {
    condition     = join(" ", sort([for role in local.roles : split("_", role)[1] if startswith(role, "lab ")])) == "billing database door machine pool quota schedule service waiter"
    error_message = "a role is missing, or one too many"
  }

  assert {
    condition     = alltrue([for role, permissions in local.permissions : !contains(keys(permissions), "run.services.setIamPolicy") || role == "budget_door"])
    error_message = "only who closes doors may write policies"
  }

  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.reached) == ["budget_door projects/lab/locations/eu/services/front", "budget_service projects/lab/locations/eu/services/api", "budget_service projects/lab/locations/eu/services/front"]
    error_message = "it may close a door that no step closes"
  }

  assert {
    condition     = length(google_billing_account_iam_member.budget_guard) == 1
    error_message = "billing could not be linked again"
  }
}

run "several_tasks_and_a_retention_policy_are_refused" {
  command = plan

  variables {
    backup = { tasks = 4 }
  }

  expect_failures = [var.backup]
}
