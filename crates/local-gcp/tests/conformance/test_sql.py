"""The discovery client with Cloud SQL's v1 and v1beta4: activation policies, operations, users."""

import unittest

from local import PROJECT, Conformance, discovered, eventually

INSTANCE = {"project": PROJECT, "instance": "pg"}


class Sql:
    """What both versions of the API have to do."""

    @classmethod
    def setUpClass(cls):
        cls.sql = discovered("sqladmin", cls.version)

    def done(self, operation):
        self.assertEqual(operation["kind"], "sql#operation")
        name = operation["name"]

        def ended():
            found = self.sql.operations().get(project=PROJECT, operation=name).execute()
            return found if found["status"] == "DONE" else None

        return eventually(ended)

    def instance(self):
        return self.sql.instances().get(**INSTANCE).execute()

    def policy(self, policy):
        body = {"settings": {"activationPolicy": policy}}
        return self.sql.instances().patch(**INSTANCE, body=body).execute()

    def test_the_activation_policy_alone_is_patched(self):
        before = self.instance()
        self.assertEqual((before["kind"], before["state"]), ("sql#instance", "RUNNABLE"))
        for policy in ("NEVER", "ALWAYS"):
            operation = self.done(self.policy(policy))
            self.assertEqual((operation["operationType"], operation["targetId"]), ("UPDATE", "pg"))
            self.assertNotIn("error", operation)
            settings = self.instance()["settings"]
            self.assertEqual(settings["activationPolicy"], policy)
            self.assertEqual(settings["userLabels"], before["settings"]["userLabels"])
            self.assertEqual(settings["tier"], before["settings"]["tier"])
            # "Running, or stopped by its owner": the state tells nothing.
            self.assertEqual(self.instance()["state"], "RUNNABLE")

    def test_the_version_of_the_settings_is_a_text_that_grows(self):
        before = self.instance()["settings"]["settingsVersion"]
        self.done(self.policy("ALWAYS"))
        self.assertGreater(int(self.instance()["settings"]["settingsVersion"]), int(before))
        stale = {"settings": {"activationPolicy": "NEVER", "settingsVersion": before}}
        with self.http_error(412):
            self.sql.instances().patch(**INSTANCE, body=stale).execute()

    def test_one_operation_at_a_time(self):
        running = self.policy("ALWAYS")
        with self.http_error(409, "operationInProgress"):
            self.policy("NEVER")
        self.done(running)

    def test_users_are_made_changed_and_deleted(self):
        users = self.sql.users()
        self.done(users.insert(**INSTANCE, body={"name": "made", "password": "first"}).execute())
        listed = users.list(**INSTANCE).execute()
        self.assertEqual(listed["kind"], "sql#usersList")
        self.assertLessEqual({"app", "made"}, {user["name"] for user in listed["items"]})
        self.assertFalse(any("password" in user for user in listed["items"]))
        self.done(users.update(**INSTANCE, name="made", body={"password": "second"}).execute())
        self.assertEqual(users.get(**INSTANCE, name="made").execute()["name"], "made")
        self.done(users.delete(**INSTANCE, name="made").execute())
        self.assertNotIn("made", [user["name"] for user in users.list(**INSTANCE).execute()["items"]])

    def test_operations_are_listed_newest_first(self):
        operation = self.done(self.policy("ALWAYS"))
        listed = self.sql.operations().list(**INSTANCE).execute()
        self.assertEqual(listed["items"][0]["name"], operation["name"])
        self.assertEqual(len(self.sql.operations().list(**INSTANCE, maxResults=1).execute()["items"]), 1)

    def test_what_is_wrong_is_refused(self):
        with self.http_error(404):
            self.sql.instances().get(project=PROJECT, instance="none").execute()
        with self.http_error(404):
            self.sql.operations().get(project=PROJECT, operation="none").execute()
        with self.http_error(400):
            self.policy("SOMETIMES")

    def test_instances_are_listed(self):
        listed = self.sql.instances().list(project=PROJECT).execute()
        self.assertEqual([instance["name"] for instance in listed["items"]], ["pg"])


class V1(Sql, Conformance):
    version = "v1"


class V1Beta4(Sql, Conformance):
    version = "v1beta4"


if __name__ == "__main__":
    unittest.main()
