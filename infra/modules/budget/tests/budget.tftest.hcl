mock_provider "google" {
  override_during = plan

  mock_resource "google_billing_budget" {
    defaults = { name = "billingAccounts/01D4EE-079462-DFD6EC/budgets/de72f49d-779b-4945-a127-4d6ce8def0bb" }
  }
}

variables {
  amount          = 500
  billing_account = "01D4EE-079462-DFD6EC"
  name            = "acme"
  project_numbers = ["424242"]
  topic           = "projects/acme/topics/budget-events"
}

run "it_counts_projects_by_number_and_both_ways" {
  command = plan

  assert {
    condition     = google_billing_budget.this.budget_filter[0].projects == toset(["projects/424242"])
    error_message = "ids come back as numbers, and every plan would differ"
  }

  assert {
    condition     = toset([for rule in google_billing_budget.this.threshold_rules : rule.spend_basis]) == toset(["CURRENT_SPEND", "FORECASTED_SPEND"])
    error_message = "one of the two bases is missing"
  }

  assert {
    condition     = output.id == "de72f49d-779b-4945-a127-4d6ce8def0bb"
    error_message = "budget-guard is told the wrong id"
  }
}

run "without_an_amount_it_follows_the_last_period" {
  command = plan

  variables {
    amount = null
  }

  assert {
    condition     = google_billing_budget.this.amount[0].last_period_amount == true && length(google_billing_budget.this.amount[0].specified_amount) == 0
    error_message = "an amount that nobody gave"
  }
}

run "a_project_by_id_is_refused" {
  command = plan

  variables {
    project_numbers = ["acme"]
  }

  expect_failures = [var.project_numbers]
}

run "percentages_are_refused" {
  command = plan

  variables {
    thresholds = { actual = [50], forecasted = [] }
  }

  expect_failures = [var.thresholds]
}
