"""google-cloud-secret-manager: versions and their states, aliases, annotations under etags, rotation, lists."""

import datetime

import google_crc32c
from google.cloud import secretmanager_v1
from google.protobuf import duration_pb2, field_mask_pb2, timestamp_pb2
from local import PROJECT, Conformance, bench, client, discovered

State = secretmanager_v1.SecretVersion.State


class SecretManager(Conformance):
    @classmethod
    def setUpClass(cls):
        cls.secrets = client(secretmanager_v1.SecretManagerServiceClient)

    def secret(self, name, **fields):
        fields = {"replication": {"automatic": {}}, **fields}
        return self.secrets.create_secret(
            parent=f"projects/{PROJECT}", secret_id=name, secret=secretmanager_v1.Secret(fields))

    def add(self, secret, data):
        payload = {"data": data, "data_crc32c": google_crc32c.value(data)}
        return self.secrets.add_secret_version(parent=secret.name, payload=payload)

    def patch(self, secret, paths, **fields):
        return self.secrets.update_secret(
            secret=secretmanager_v1.Secret({"name": secret.name, **fields}),
            update_mask=field_mask_pb2.FieldMask(paths=paths))

    def test_a_secret_is_named_by_the_number_of_its_project(self):
        made = self.secret("named", labels={"team": "a"})
        _, number, _, name = made.name.split("/")
        self.assertTrue(number.isdigit())
        self.assertEqual(name, "named")
        by_id = self.secrets.get_secret(name=f"projects/{PROJECT}/secrets/named")
        self.assertEqual(by_id, made)
        self.assertTrue(made.etag.startswith('"') and made.etag.endswith('"'))
        with self.refused("ALREADY_EXISTS"):
            self.secret("named")

    def test_versions_are_numbered_and_read_by_number_latest_and_alias(self):
        secret = self.secret("versions")
        first, second = self.add(secret, b"one"), self.add(secret, b"two\x00\xff")
        self.assertTrue(first.name.endswith("/versions/1") and second.name.endswith("/versions/2"))
        self.assertEqual(second.state, State.ENABLED)
        for version, number, data in [("1", "1", b"one"), ("latest", "2", b"two\x00\xff")]:
            read = self.secrets.access_secret_version(name=f"{secret.name}/versions/{version}")
            self.assertTrue(read.name.endswith(f"/versions/{number}"))
            self.assertEqual(read.payload.data, data)
            self.assertEqual(read.payload.data_crc32c, google_crc32c.value(data))
        self.patch(secret, ["version_aliases"], version_aliases={"current": 1})
        read = self.secrets.access_secret_version(name=f"{secret.name}/versions/current")
        self.assertEqual(read.payload.data, b"one")
        with self.refused("NOT_FOUND"):
            self.secrets.access_secret_version(name=f"{secret.name}/versions/previous")
        with self.refused("NOT_FOUND"):
            self.secrets.access_secret_version(name=f"{secret.name}/versions/3")

    def test_a_wrong_checksum_is_refused_and_adds_nothing(self):
        secret = self.secret("checksum")
        with self.refused("INVALID_ARGUMENT"):
            self.secrets.add_secret_version(
                parent=secret.name, payload={"data": b"x", "data_crc32c": google_crc32c.value(b"y")})
        self.assertEqual(list(self.secrets.list_secret_versions(parent=secret.name)), [])

    def test_a_payload_has_64_kib_at_most(self):
        secret = self.secret("large")
        self.add(secret, b"x" * 65536)
        with self.refused("INVALID_ARGUMENT"):
            self.add(secret, b"x" * 65537)

    def test_a_disabled_version_is_not_read_until_it_is_enabled(self):
        secret = self.secret("disabled")
        version = self.add(secret, b"x")
        self.assertEqual(self.secrets.disable_secret_version(name=version.name).state, State.DISABLED)
        with self.refused("FAILED_PRECONDITION"):
            self.secrets.access_secret_version(name=version.name)
        self.assertEqual(self.secrets.enable_secret_version(name=version.name).state, State.ENABLED)
        self.assertEqual(self.secrets.access_secret_version(name=version.name).payload.data, b"x")

    def test_states_are_changed_by_number_alone(self):
        secret = self.secret("by-number")
        self.add(secret, b"x")
        for change in (self.secrets.disable_secret_version, self.secrets.destroy_secret_version):
            with self.refused("INVALID_ARGUMENT"):
                change(name=f"{secret.name}/versions/latest")

    def test_a_destroyed_version_is_gone_and_keeps_its_alias(self):
        secret = self.secret("destroyed")
        version = self.add(secret, b"x")
        self.patch(secret, ["version_aliases"], version_aliases={"old": 1})
        destroyed = self.secrets.destroy_secret_version(name=version.name)
        self.assertEqual(destroyed.state, State.DESTROYED)
        self.assertIsNotNone(destroyed.destroy_time)
        with self.refused("FAILED_PRECONDITION"):
            self.secrets.access_secret_version(name=version.name)
        with self.refused("FAILED_PRECONDITION"):
            self.secrets.destroy_secret_version(name=version.name)
        self.assertEqual(self.secrets.get_secret(name=secret.name).version_aliases, {"old": 1})

    def test_a_delayed_destruction_disables_and_can_be_taken_back(self):
        secret = self.secret("delayed", version_destroy_ttl=duration_pb2.Duration(seconds=86400))
        version = self.add(secret, b"x")
        waiting = self.secrets.destroy_secret_version(name=version.name)
        self.assertEqual(waiting.state, State.DISABLED)
        self.assertGreater(waiting.scheduled_destroy_time, waiting.create_time)
        with self.refused("FAILED_PRECONDITION", "already scheduled for DESTRUCTION"):
            self.secrets.destroy_secret_version(name=version.name)
        back = self.secrets.enable_secret_version(name=version.name)
        self.assertEqual((back.state, back.scheduled_destroy_time), (State.ENABLED, None))

    def test_etags_guard_states(self):
        secret = self.secret("guarded")
        version = self.add(secret, b"x")
        with self.refused("FAILED_PRECONDITION", "The etag provided in the request does not match"):
            self.secrets.disable_secret_version(request={"name": version.name, "etag": '"0"'})
        request = {"name": version.name, "etag": version.etag}
        disabled = self.secrets.disable_secret_version(request=request)
        self.assertNotEqual(disabled.etag, version.etag)

    def test_annotations_are_replaced_whole_under_an_etag(self):
        secret = self.secret("annotated", annotations={"a": "1", "b": "2"})
        changed = self.patch(secret, ["annotations"], annotations={"c": "3"}, etag=secret.etag)
        self.assertEqual(changed.annotations, {"c": "3"})
        self.assertNotEqual(changed.etag, secret.etag)
        with self.refused("FAILED_PRECONDITION", "The etag provided in the request does not match"):
            self.patch(secret, ["annotations"], annotations={"d": "4"}, etag=secret.etag)
        self.assertEqual(self.secrets.get_secret(name=secret.name).annotations, {"c": "3"})
        with self.refused("INVALID_ARGUMENT"):
            self.patch(secret, ["annotations.c"], annotations={"c": "5"})

    def test_the_mask_says_what_changes(self):
        secret = self.secret("masked", labels={"a": "1"}, annotations={"a": "1"})
        changed = self.patch(secret, ["labels"], labels={"b": "2"}, annotations={"ignored": "x"})
        self.assertEqual((changed.labels, changed.annotations), ({"b": "2"}, {"a": "1"}))
        cleared = self.patch(secret, ["labels"])
        self.assertEqual(cleared.labels, {})
        with self.refused("INVALID_ARGUMENT"):
            self.secrets.update_secret(secret={"name": secret.name}, update_mask={"paths": ["nonsense"]})

    def test_new_versions_leave_the_etag_of_the_secret_alone(self):
        secret = self.secret("etag")
        version = self.add(secret, b"x")
        self.secrets.disable_secret_version(name=version.name)
        self.assertEqual(self.secrets.get_secret(name=secret.name).etag, secret.etag)
        touched = self.patch(secret, ["labels"])
        self.assertNotEqual(touched.etag, secret.etag)

    def test_an_alias_names_a_version_that_exists(self):
        secret = self.secret("aliases")
        with self.refused("FAILED_PRECONDITION"):
            self.patch(secret, ["version_aliases"], version_aliases={"current": 7})
        self.add(secret, b"x")
        for bad in ("latest", "NEW", "1st"):
            with self.refused("INVALID_ARGUMENT"):
                self.patch(secret, ["version_aliases"], version_aliases={bad: 1})

    def test_rotation_has_its_rules(self):
        pubsub = discovered("pubsub", "v1").projects().topics()
        topic = f"projects/{PROJECT}/topics/rotations"
        pubsub.create(name=topic, body={}).execute()
        now = datetime.datetime.fromisoformat(bench("clock", {})["now"].replace("Z", "+00:00"))

        def at(**ahead):
            stamp = timestamp_pb2.Timestamp()
            stamp.FromDatetime(now + datetime.timedelta(**ahead))
            return stamp

        hour = duration_pb2.Duration(seconds=3600)
        topics = [{"name": topic}]
        with self.refused("INVALID_ARGUMENT"):
            self.secret("soon", topics=topics, rotation={"next_rotation_time": at(seconds=60)})
        with self.refused("INVALID_ARGUMENT"):
            short = duration_pb2.Duration(seconds=60)
            self.secret("short", topics=topics, rotation={"next_rotation_time": at(hours=1), "rotation_period": short})
        with self.refused("INVALID_ARGUMENT"):
            self.secret("silent", rotation={"next_rotation_time": at(hours=1)})
        rotation = {"next_rotation_time": at(hours=2), "rotation_period": hour}
        secret = self.secret("rotating", topics=topics, rotation=rotation)
        self.assertEqual(secret.rotation.rotation_period, datetime.timedelta(hours=1))
        later = self.patch(secret, ["rotation.next_rotation_time"], rotation={"next_rotation_time": at(hours=5)})
        self.assertEqual(later.rotation.rotation_period, datetime.timedelta(hours=1))
        self.assertEqual(later.rotation.next_rotation_time.timestamp(), at(hours=5).ToDatetime(datetime.timezone.utc).timestamp())
        plain = self.secret("plain", topics=topics)
        with self.refused("FAILED_PRECONDITION"):
            self.patch(plain, ["rotation"], rotation={"rotation_period": hour})

    def test_lists_come_in_pages_and_narrow(self):
        for n in range(7):
            self.secret(f"page-{n}", labels={"page": "yes"})
        parent = f"projects/{PROJECT}"
        request = {"parent": parent, "filter": "labels.page=yes", "page_size": 3}
        pager = self.secrets.list_secrets(request=request)
        pages = [[secret.name.rpartition("/")[2] for secret in page.secrets] for page in pager.pages]
        self.assertEqual([len(page) for page in pages], [3, 3, 1])
        self.assertEqual(sorted(sum(pages, [])), [f"page-{n}" for n in range(7)])
        first = next(self.secrets.list_secrets(request=request).pages)
        self.assertEqual(first.total_size, 0, "Google documents 0 where there is a filter")
        with self.refused("INVALID_ARGUMENT"):
            list(self.secrets.list_secrets(request={"parent": parent, "page_token": "nonsense"}))

    def test_versions_are_listed_newest_first(self):
        secret = self.secret("listed")
        for n in range(3):
            self.add(secret, b"%d" % n)
        self.secrets.disable_secret_version(name=f"{secret.name}/versions/2")
        numbers = [version.name.rpartition("/")[2] for version in self.secrets.list_secret_versions(parent=secret.name)]
        self.assertEqual(numbers, ["3", "2", "1"])
        enabled = self.secrets.list_secret_versions(request={"parent": secret.name, "filter": "state:ENABLED"})
        self.assertEqual(len(list(enabled)), 2)

    def test_a_deleted_secret_is_gone(self):
        secret = self.secret("deleted")
        with self.refused("FAILED_PRECONDITION"):
            self.secrets.delete_secret(request={"name": secret.name, "etag": '"0"'})
        self.secrets.delete_secret(request={"name": secret.name, "etag": secret.etag})
        with self.refused("NOT_FOUND"):
            self.secrets.get_secret(name=secret.name)
