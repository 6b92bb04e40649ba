# The environments as they are in ../../../env: run once with each of them as -var-file.

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

  mock_resource "google_sql_database_instance" {
    defaults = { connection_name = "acme:europe-west1:main" }
  }
}

run "the_environment_can_be_made" {
  command = plan

  assert {
    condition     = alltrue([for document in values(local.config) : can(jsondecode(document))])
    error_message = "what a function is told is no JSON"
  }
}
