"""google-cloud-scheduler: jobs, masks, pauses, and runs that reach their targets."""

import base64
import http.server
import queue
import threading

from google.cloud import scheduler_v1
from google.protobuf import field_mask_pb2
from local import DEADLINE, LOCATION, PROJECT, Conformance, client, discovered

State = scheduler_v1.Job.State


class Function(http.server.BaseHTTPRequestHandler):
    """Takes every call and answers as a function does."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.calls.put((self.path, dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Scheduler(Conformance):
    @classmethod
    def setUpClass(cls):
        cls.scheduler = client(scheduler_v1.CloudSchedulerClient)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Function)
        cls.server.calls = queue.Queue()
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)

    def job(self, name, **fields):
        uri = f"http://127.0.0.1:{self.server.server_port}/tick"
        body = {
            "name": f"{LOCATION}/jobs/{name}", "schedule": "0 3 1 1 *", "time_zone": "Europe/Prague",
            "http_target": {"uri": uri, "http_method": "POST", "body": b"{}"}, **fields,
        }
        return self.scheduler.create_job(parent=LOCATION, job=scheduler_v1.Job(body))

    def test_a_job_is_enabled_with_its_next_time(self):
        job = self.job("made")
        self.assertEqual(job.state, State.ENABLED)
        self.assertEqual((job.schedule_time.month, job.schedule_time.hour), (1, 2))
        self.assertEqual(job.attempt_deadline.total_seconds(), 180)
        self.assertEqual(self.scheduler.get_job(name=job.name), job)
        with self.refused("ALREADY_EXISTS"):
            self.job("made")

    def test_bad_schedules_and_zones_are_refused(self):
        for fields in ({"schedule": "nonsense"}, {"time_zone": "Moon/Base"}, {"schedule": "61 * * * *"}):
            with self.refused("INVALID_ARGUMENT"):
                self.job("bad", **fields)
        with self.refused("NOT_FOUND"):
            self.scheduler.get_job(name=f"{LOCATION}/jobs/bad")

    def test_a_mask_leaves_the_rest_alone(self):
        job = self.job("masked", description="kept", retry_config={"retry_count": 3})
        changed = self.scheduler.update_job(
            job={"name": job.name, "schedule": "0 4 1 1 *", "time_zone": "UTC"},
            update_mask=field_mask_pb2.FieldMask(paths=["schedule"]))
        self.assertEqual((changed.schedule, changed.time_zone, changed.description), ("0 4 1 1 *", "Europe/Prague", "kept"))
        self.assertEqual((changed.http_target, changed.retry_config.retry_count), (job.http_target, 3))
        with self.refused("INVALID_ARGUMENT"):
            self.scheduler.update_job(job={"name": job.name}, update_mask={"paths": ["nonsense"]})

    def test_a_job_is_paused_and_resumed(self):
        job = self.job("paused")
        self.assertEqual(self.scheduler.pause_job(name=job.name).state, State.PAUSED)
        self.assertEqual(self.scheduler.get_job(name=job.name).state, State.PAUSED)
        self.assertEqual(self.scheduler.resume_job(name=job.name).state, State.ENABLED)

    def test_a_run_calls_the_function_with_the_headers_of_the_scheduler(self):
        account = {"service_account_email": "caller@demo.iam.gserviceaccount.com", "audience": "https://function"}
        uri = f"http://127.0.0.1:{self.server.server_port}/run"
        target = {"uri": uri, "http_method": "POST", "body": b"hello", "headers": {"X-Own": "1"}, "oidc_token": account}
        job = self.job("runs", http_target=target)
        self.scheduler.run_job(name=job.name)
        path, headers, body = self.server.calls.get(timeout=DEADLINE)
        headers = {name.lower(): value for name, value in headers.items()}
        self.assertEqual((path, body, headers["x-own"]), ("/run", b"hello", "1"))
        self.assertEqual(headers["user-agent"], "Google-Cloud-Scheduler")
        self.assertEqual((headers["x-cloudscheduler"], headers["x-cloudscheduler-jobname"]), ("true", "runs"))
        self.assertIn("x-cloudscheduler-scheduletime", headers)
        self.assertEqual(headers["content-type"], "application/octet-stream")
        self.assertEqual(headers["authorization"].count("."), 2)

    def test_a_run_publishes_where_the_target_is_a_topic(self):
        pubsub = discovered("pubsub", "v1").projects()
        topic, subscription = f"projects/{PROJECT}/topics/ticks", f"projects/{PROJECT}/subscriptions/ticks"
        pubsub.topics().create(name=topic, body={}).execute()
        pubsub.subscriptions().create(name=subscription, body={"topic": topic}).execute()
        target = {"topic_name": topic, "data": b"tick", "attributes": {"a": "b"}}
        body = {"name": f"{LOCATION}/jobs/publishes", "schedule": "0 3 1 1 *", "pubsub_target": target}
        job = self.scheduler.create_job(parent=LOCATION, job=scheduler_v1.Job(body))
        self.scheduler.run_job(name=job.name)
        pulled = pubsub.subscriptions().pull(subscription=subscription, body={"maxMessages": 1}).execute()
        message = pulled["receivedMessages"][0]["message"]
        self.assertEqual((base64.b64decode(message["data"]), message["attributes"]), (b"tick", {"a": "b"}))

    def test_jobs_are_listed_in_pages_and_deleted(self):
        for n in range(3):
            self.job(f"page-{n}")
        pages = list(self.scheduler.list_jobs(request={"parent": LOCATION, "page_size": 2}).pages)
        self.assertEqual(len(pages[0].jobs), 2)
        names = [job.name for page in pages for job in page.jobs]
        self.assertEqual(len(names), len(set(names)))
        for n in range(3):
            self.assertIn(f"{LOCATION}/jobs/page-{n}", names)
            self.scheduler.delete_job(name=f"{LOCATION}/jobs/page-{n}")
        with self.refused("NOT_FOUND"):
            self.scheduler.run_job(name=f"{LOCATION}/jobs/page-0")
