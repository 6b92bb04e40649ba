"""The discovery client with Service Usage: overrides of quotas, and the checks that guard them."""

from local import PROJECT, Conformance, discovered, eventually


class ServiceUsage(Conformance):
    @classmethod
    def setUpClass(cls):
        cls.api = discovered("serviceusage", "v1beta1")
        metrics = cls.api.services().consumerQuotaMetrics()
        listed = metrics.list(parent=f"projects/{PROJECT}/services/bigquery.googleapis.com").execute()
        cls.metric = listed["metrics"][0]
        cls.limit = cls.metric["consumerQuotaLimits"][0]["name"]
        cls.limits = metrics.limits()
        cls.overrides = cls.limits.consumerOverrides()

    def done(self, operation):
        def ended():
            found = self.api.operations().get(name=operation["name"]).execute()
            return found if found.get("done") else None

        return operation if operation.get("done") else eventually(ended)

    def effective(self):
        limit = self.limits.get(name=self.limit).execute()
        return limit["quotaBuckets"][0]["effectiveLimit"]

    def create(self, value, **options):
        body = {"overrideValue": value, "dimensions": {}}
        return self.overrides.create(parent=self.limit, body=body, **options)

    def tearDown(self):
        for override in self.overrides.list(parent=self.limit).execute().get("overrides", []):
            self.done(self.overrides.delete(name=override["name"], force=True).execute())

    def test_a_limit_is_found_with_its_default(self):
        self.assertEqual(self.metric["metric"], "bigquery.googleapis.com/quota/query/usage")
        limit = self.metric["consumerQuotaLimits"][0]
        self.assertEqual((limit["unit"], limit["quotaBuckets"][0]["defaultLimit"]), ("1/d/{project}", "1000"))
        self.assertEqual(self.effective(), "1000")

    def test_an_override_is_made_changed_and_taken_back(self):
        self.assertNotIn("error", self.done(self.create("950").execute()))
        override = self.overrides.list(parent=self.limit).execute()["overrides"][0]
        self.assertEqual((override["overrideValue"], self.effective()), ("950", "950"))
        changed = self.overrides.patch(name=override["name"], body={"overrideValue": "5"}, force=True).execute()
        self.assertNotIn("error", self.done(changed))
        self.assertEqual(self.effective(), "5")
        self.assertNotIn("error", self.done(self.overrides.delete(name=override["name"], force=True).execute()))
        self.assertEqual(self.effective(), "1000")

    def test_without_force_a_large_cut_is_refused(self):
        for value in ("899", "50"):
            with self.http_error(400):
                self.create(value).execute()
            self.assertEqual(self.effective(), "1000", value)
        self.assertNotIn("error", self.done(self.create("50", force=True).execute()))
        self.assertEqual(self.effective(), "50")

    def test_minus_one_is_no_limit_and_less_is_refused(self):
        with self.http_error(400):
            self.create("-2", force=True).execute()
        self.assertNotIn("error", self.done(self.create("-1", force=True).execute()))
        self.assertEqual(self.effective(), "-1")

    def test_what_is_not_there_is_404(self):
        with self.http_error(404):
            self.overrides.delete(name=f"{self.limit}/consumerOverrides/none", force=True).execute()
