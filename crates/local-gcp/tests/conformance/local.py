"""Where the local-gcp is that is judged, and Google's clients for it."""

import contextlib
import json
import os
import time
import unittest
import urllib.request

import google.auth.credentials
import httplib2
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.api_core.future.polling import DEFAULT_POLLING
from googleapiclient import discovery
from googleapiclient.errors import HttpError

URL = os.environ["LOCAL_GCP_URL"]
PROJECT = "demo"
REGION = "europe-west1"
LOCATION = f"projects/{PROJECT}/locations/{REGION}"
DEADLINE = 20.0
# Operations here take a tenth of a second; the clients would look once a second.
QUICK = DEFAULT_POLLING.with_delay(initial=0.05, maximum=0.2).with_timeout(DEADLINE)


def client(kind):
    """One of Google's generated clients, by REST and without credentials."""
    return kind(
        transport="rest",
        credentials=google.auth.credentials.AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=URL),
    )


def discovered(api, version):
    """Google's discovery client, by the documents that come with it."""
    options = ClientOptions(api_endpoint=f"{URL}/")
    return discovery.build(
        api, version, http=httplib2.Http(timeout=DEADLINE), client_options=options,
        static_discovery=True, cache_discovery=False,
    )


def bench(path, body):
    """Calls local-gcp's own test bench."""
    request = urllib.request.Request(f"{URL}/_local/{path}", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        return json.load(answer)


def eventually(probe):
    """Polls until `probe` yields something."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {DEADLINE} seconds")


class Conformance(unittest.TestCase):
    maxDiff = None

    @contextlib.contextmanager
    def refused(self, code, *words):
        """Expects a refusal of a generated client with this canonical code and these words in its message."""
        with self.assertRaises(exceptions.GoogleAPICallError) as caught:
            yield
        # By REST the clients tell only HTTP statuses apart: the code is in the body.
        error = caught.exception.response.json()["error"]
        self.assertEqual(error["status"], code, error)
        self.assertEqual(error["code"], caught.exception.code, error)
        for word in words:
            self.assertIn(word, error["message"])

    @contextlib.contextmanager
    def http_error(self, status, *words):
        """Expects a refusal of the discovery client with this HTTP status and these words in its body."""
        with self.assertRaises(HttpError) as caught:
            yield
        self.assertEqual(caught.exception.status_code, status, caught.exception)
        for word in words:
            self.assertIn(word, caught.exception.content.decode())
