"""google-cloud-storage: every kind of upload, ranges, preconditions, lists, copies."""

import base64
import datetime
import hashlib
import io
import os

import google.auth.credentials
import google_crc32c
from google.api_core import exceptions
from google.cloud import storage
from local import PROJECT, URL, Conformance

MIB = 1 << 20


class Storage(Conformance):
    @classmethod
    def setUpClass(cls):
        cls.storage = storage.Client(
            project=PROJECT, credentials=google.auth.credentials.AnonymousCredentials(),
            client_options={"api_endpoint": URL})
        cls.bucket = cls.storage.create_bucket("conformance", location="EU")

    def put(self, name, data=b"x", **options):
        blob = self.bucket.blob(name)
        blob.upload_from_string(data, **options)
        return blob

    def assert_holds(self, name, data):
        blob = self.bucket.get_blob(name)
        self.assertEqual(blob.size, len(data))
        self.assertEqual(base64.b64decode(blob.crc32c), google_crc32c.value(data).to_bytes(4, "big"))
        self.assertEqual(blob.download_as_bytes(), data)
        return blob

    def test_a_small_object_comes_back_with_its_metadata(self):
        data = b"small \x00\xff"
        blob = self.bucket.blob("small/a.txt")
        blob.metadata, blob.cache_control = {"k": "v"}, "no-store"
        blob.upload_from_string(data, content_type="text/plain", checksum="md5")
        found = self.assert_holds("small/a.txt", data)
        self.assertEqual(
            (found.content_type, found.metadata, found.cache_control), ("text/plain", {"k": "v"}, "no-store"))
        self.assertEqual(found.md5_hash, base64.b64encode(hashlib.md5(data).digest()).decode())
        self.assertEqual(found.metageneration, 1)
        self.assertGreater(found.generation, 0)

    def test_an_empty_object_is_one_too(self):
        self.put("empty", b"")
        self.assert_holds("empty", b"")

    def test_a_name_may_hold_anything(self):
        for name in ("a b+c%2F", "ä/ö?x=1&y", "line\u2028", "#frag", "/lead//double/"):
            self.put(name, name.encode())
            self.assert_holds(name, name.encode())

    def test_a_large_object_goes_up_in_chunks(self):
        data = os.urandom(9 * MIB + 12345)
        for chunk in (256 * 1024, 5 * MIB, 16 * MIB):
            blob = self.bucket.blob(f"large-{chunk}", chunk_size=chunk)
            blob.upload_from_file(io.BytesIO(data), size=len(data))
            self.assert_holds(blob.name, data)

    def test_an_upload_of_unknown_length_ends_where_its_stream_does(self):
        class Pipe(io.RawIOBase):
            """Has no length and cannot go back."""

            def __init__(self, data):
                super().__init__()
                self.data = io.BytesIO(data)

            def readable(self):
                return True

            def readinto(self, buffer):
                return self.data.readinto(buffer)

        for length in (3 * 256 * 1024, 3 * 256 * 1024 + 7):
            data = os.urandom(length)
            with self.bucket.blob(f"stream-{length}").open("wb", chunk_size=256 * 1024) as target:
                for start in range(0, length, 100_000):
                    target.write(data[start:start + 100_000])
            self.assert_holds(f"stream-{length}", data)

    def test_a_wrong_checksum_is_refused_and_keeps_nothing(self):
        blob = self.bucket.blob("wrong")
        blob.md5_hash = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        with self.assertRaises(exceptions.BadRequest):
            blob.upload_from_string(b"this", checksum=None)
        self.assertIsNone(self.bucket.get_blob("wrong"))

    def test_ranges_are_served(self):
        blob = self.put("ranges", bytes(range(100)))
        self.assertEqual(blob.download_as_bytes(start=10, end=19), bytes(range(10, 20)))
        self.assertEqual(blob.download_as_bytes(start=90), bytes(range(90, 100)))
        self.assertEqual(blob.download_as_bytes(start=95, end=500), bytes(range(95, 100)))
        with self.assertRaises(exceptions.RequestRangeNotSatisfiable):
            blob.download_as_bytes(start=100)
        large = os.urandom(3 * MIB)
        self.put("sliced", large)
        self.assertEqual(self.bucket.blob("sliced", chunk_size=MIB).download_as_bytes(), large)

    def test_create_only_if_absent(self):
        for size, kind in [(10, "multipart"), (9 * MIB, "resumable")]:
            data = b"1" * size
            self.put(f"absent-{kind}", data, if_generation_match=0)
            with self.assertRaises(exceptions.PreconditionFailed) as caught:
                self.put(f"absent-{kind}", b"2" * size, if_generation_match=0)
            self.assertEqual(caught.exception.code, 412)
            self.assert_holds(f"absent-{kind}", data)

    def test_generations_guard_every_change(self):
        blob = self.put("guarded", b"1")
        old = blob.generation
        new = self.put("guarded", b"2", if_generation_match=old).generation
        self.assertGreater(new, old)
        blob = self.bucket.blob("guarded")
        for change in (
            lambda: blob.upload_from_string(b"3", if_generation_match=old),
            lambda: blob.delete(if_generation_match=old),
            lambda: blob.download_as_bytes(if_generation_match=old),
            lambda: blob.reload(if_generation_match=old),
            lambda: self.bucket.copy_blob(blob, self.bucket, "copy", if_source_generation_match=old),
            lambda: self.bucket.blob("composed").compose([blob], if_generation_match=old),
            lambda: blob.rewrite(blob, if_generation_match=old),
        ):
            with self.assertRaises(exceptions.PreconditionFailed):
                change()
        self.assert_holds("guarded", b"2")
        blob.delete(if_generation_match=new)
        self.assertIsNone(self.bucket.get_blob("guarded"))

    def test_metadata_has_a_generation_of_its_own(self):
        blob = self.put("metadata")
        blob.metadata = {"a": "1"}
        blob.patch(if_metageneration_match=1)
        self.assertEqual((blob.metageneration, blob.metadata), (2, {"a": "1"}))
        blob.metadata = {"a": "2"}
        with self.assertRaises(exceptions.PreconditionFailed):
            blob.patch(if_metageneration_match=1)
        again = self.bucket.get_blob("metadata")
        self.assertEqual((again.metadata, again.generation), ({"a": "1"}, blob.generation))

    def test_lists_know_prefixes_delimiters_and_pages(self):
        for name in ("list/a", "list/b/1", "list/b/2", "list/c/1", "list/d", "other"):
            self.put(name)
        listing = self.bucket.list_blobs(prefix="list/", delimiter="/")
        self.assertEqual([blob.name for blob in listing], ["list/a", "list/d"])
        self.assertEqual(listing.prefixes, {"list/b/", "list/c/"})
        pages = [[blob.name for blob in page] for page in self.bucket.list_blobs(prefix="list/", page_size=2).pages]
        self.assertEqual(pages, [["list/a", "list/b/1"], ["list/b/2", "list/c/1"], ["list/d"]])
        between = self.bucket.list_blobs(start_offset="list/b/2", end_offset="list/d")
        self.assertEqual([blob.name for blob in between], ["list/b/2", "list/c/1"])
        self.assertEqual(len(list(self.bucket.list_blobs(prefix="list/", max_results=3))), 3)

    def test_objects_are_composed_copied_and_rewritten(self):
        parts = [self.put(f"part-{n}", b"%d" % n * 3) for n in range(3)]
        whole = self.bucket.blob("whole")
        whole.compose(parts)
        self.assert_holds("whole", b"000111222")
        self.assertEqual(self.bucket.get_blob("whole").component_count, 3)
        self.bucket.copy_blob(whole, self.bucket, "copied")
        self.assert_holds("copied", b"000111222")
        target = self.bucket.blob("rewritten")
        token, rewritten, total = target.rewrite(whole)
        self.assertEqual((token, rewritten, total), (None, 9, 9))
        self.bucket.rename_blob(target, "renamed")
        self.assert_holds("renamed", b"000111222")
        self.assertIsNone(self.bucket.get_blob("rewritten"))

    def test_what_is_not_there_is_404(self):
        self.assertFalse(self.bucket.blob("none").exists())
        for change in (lambda: self.bucket.blob("none").delete(), lambda: self.bucket.blob("none").download_as_bytes()):
            with self.assertRaises(exceptions.NotFound):
                change()
        self.assertIsNone(self.storage.lookup_bucket("no-such-bucket"))

    def test_a_bucket_is_made_once_and_deleted_when_empty(self):
        bucket = self.storage.create_bucket("short-lived")
        with self.assertRaises(exceptions.Conflict):
            self.storage.create_bucket("short-lived")
        bucket.blob("x").upload_from_string(b"x")
        with self.assertRaises(exceptions.Conflict):
            bucket.delete()
        bucket.blob("x").delete()
        bucket.delete()
        self.assertNotIn("short-lived", [bucket.name for bucket in self.storage.list_buckets()])

    def test_old_versions_stay_where_versioning_is_on(self):
        bucket = self.storage.bucket("versioned")
        bucket.versioning_enabled = True
        bucket.create()
        first = bucket.blob("a")
        first.upload_from_string(b"1")
        old = first.generation
        bucket.blob("a").upload_from_string(b"2")
        bucket.blob("a").delete()
        self.assertIsNone(bucket.get_blob("a"))
        self.assertEqual(bucket.blob("a", generation=old).download_as_bytes(), b"1")
        self.assertEqual(len(list(bucket.list_blobs(versions=True))), 2)

    def test_retention_keeps_objects(self):
        bucket = self.storage.bucket("retained")
        bucket.retention_period = 3600
        bucket.create()
        blob = bucket.blob("a")
        blob.upload_from_string(b"1")
        self.assertIsNotNone(bucket.get_blob("a").retention_expiration_time)
        with self.assertRaises(exceptions.Forbidden):
            blob.delete()
        held = self.put("held")
        held.temporary_hold = True
        held.patch()
        with self.assertRaises(exceptions.Forbidden):
            held.delete()
        held.temporary_hold = False
        held.patch()
        held.delete()

    def test_times_are_times(self):
        blob = self.put("times")
        self.assertLess(abs(datetime.datetime.now(datetime.timezone.utc) - blob.time_created), datetime.timedelta(minutes=1))
        self.assertEqual(blob.updated, blob.time_created)
