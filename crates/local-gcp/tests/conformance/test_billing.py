"""google-cloud-billing: which account pays for a project, and detaching it."""

from google.cloud import billing_v1
from local import PROJECT, Conformance, client

NAME = f"projects/{PROJECT}"
MAIN = "billingAccounts/01D4EE-079462-DFD6EC"
CLOSED = "billingAccounts/01D4EE-079462-000000"


class Billing(Conformance):
    @classmethod
    def setUpClass(cls):
        cls.billing = client(billing_v1.CloudBillingClient)

    def put(self, name, account):
        return self.billing.update_project_billing_info(
            name=name, project_billing_info={"billing_account_name": account})

    def test_an_empty_account_detaches_and_the_old_one_attaches_again(self):
        before = self.billing.get_project_billing_info(name=NAME)
        self.assertEqual((before.billing_account_name, before.billing_enabled), (MAIN, True))
        self.assertEqual((before.name, before.project_id), (f"{NAME}/billingInfo", PROJECT))
        for _ in range(2):
            detached = self.put(NAME, "")
            self.assertEqual((detached.billing_account_name, detached.billing_enabled), ("", False))
        self.assertEqual(self.billing.get_project_billing_info(name=NAME), detached)
        self.assertEqual(self.put(NAME, MAIN), before)

    def test_accounts_are_read_and_listed_with_their_projects(self):
        account = self.billing.get_billing_account(name=MAIN)
        self.assertEqual((account.display_name, account.open), ("Main", True))
        self.assertEqual({a.name: a.open for a in self.billing.list_billing_accounts()}, {MAIN: True, CLOSED: False})
        projects = {info.project_id for info in self.billing.list_project_billing_info(name=MAIN)}
        self.assertLessEqual({"locked"}, projects)

    def test_a_closed_account_pays_for_nothing(self):
        attached = self.put("projects/poor", CLOSED)
        self.assertEqual((attached.billing_account_name, attached.billing_enabled), (CLOSED, False))

    def test_what_is_not_there_or_malformed_is_refused(self):
        with self.refused("NOT_FOUND"):
            self.billing.get_billing_account(name="billingAccounts/000000-000000-000001")
        with self.refused("INVALID_ARGUMENT"):
            self.put(NAME, "accounts/1")

    def test_a_locked_project_stays_attached(self):
        with self.refused("FAILED_PRECONDITION"):
            self.put("projects/locked", "")
        self.assertTrue(self.billing.get_project_billing_info(name="projects/locked").billing_enabled)
