# Who deploys from GitHub: an account without keys, for one repository, one branch and one environment, that may change the image and
# the traffic of the services and jobs named here, and nothing else.

locals {
  # Each permission with the step of scripts/deploy, promote or rollback that needs it.
  permissions = {
    "run.jobs.get"           = "deploy: reads a job before it changes the image"
    "run.jobs.run"           = "deploy: runs a job once after a change, as it will run at night"
    "run.jobs.update"        = "deploy: changes the image of a job"
    "run.executions.get"     = "deploy: waits for that run"
    "run.operations.get"     = "all: wait until a change has happened"
    "run.revisions.get"      = "deploy: waits until the new revision is ready"
    "run.revisions.list"     = "rollback: names the revisions there are"
    "run.routes.invoke"      = "smoke: calls the new revision under its tag"
    "run.services.get"       = "all: read what serves, to be able to go back"
    "run.services.update"    = "deploy, promote, rollback: image and traffic"
    "run.configurations.get" = "deploy: gcloud reads the service in its older form"
  }
}

resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = "deploy-${var.environment}"
  display_name = "GitHub deploys ${var.environment}"
}

# A principalSet knows one attribute, so the provider joins the three that count: any one of them alone would let in another
# branch, or the same branch of another repository.
resource "google_service_account_iam_member" "github" {
  service_account_id = google_service_account.this.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${var.pool}/attribute.deploy/${var.repository_id}:${var.ref}:${var.environment}"
}

resource "google_project_iam_custom_role" "this" {
  project     = var.project_id
  role_id     = "nightshift_deployer_${replace(var.environment, "-", "_")}"
  title       = "Nightshift: deploys ${var.environment}"
  description = "Changes image and traffic of the services and jobs it is bound to (see infra/modules/github-deployer)"
  permissions = sort(keys(local.permissions))
}

resource "google_cloud_run_v2_service_iam_member" "this" {
  for_each = var.services

  project  = var.project_id
  location = var.region
  name     = each.value
  role     = google_project_iam_custom_role.this.id
  member   = google_service_account.this.member
}

resource "google_cloud_run_v2_job_iam_member" "this" {
  for_each = var.jobs

  project  = var.project_id
  location = var.region
  name     = each.value
  role     = google_project_iam_custom_role.this.id
  member   = google_service_account.this.member
}

# Functions are called by their clocks after a deploy. Cloud Scheduler knows no grant on one job.
resource "google_project_iam_custom_role" "clock" {
  count = var.calls ? 1 : 0

  project     = var.project_id
  role_id     = "nightshift_deployer_clock_${replace(var.environment, "-", "_")}"
  title       = "Nightshift: has the clock call in ${var.environment}"
  description = "Has a job of Cloud Scheduler run now, and sees how that went (see scripts/deploy)"
  permissions = ["cloudscheduler.jobs.get", "cloudscheduler.jobs.run"]
}

resource "google_project_iam_member" "clock" {
  count = var.calls ? 1 : 0

  project = var.project_id
  role    = google_project_iam_custom_role.clock[0].id
  member  = google_service_account.this.member
}

resource "google_service_account_iam_member" "runtime" {
  for_each = var.accounts

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.this.member
}

resource "google_artifact_registry_repository_iam_member" "this" {
  project    = var.project_id
  location   = var.region
  repository = var.repository
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.this.member
}
