#!/usr/bin/env python3
"""Reduces Google's discovery documents to the messages that local-gcp reads and writes.

    pip download --no-deps google-api-python-client==2.202.0 && unzip -q *.whl
    crates/local-gcp/schemas/reduce.py googleapiclient/discovery_cache/documents ~/.cargo/registry/src/*/

The documents name enum values but not their numbers, which Google's Rust clients send. They are read out of the sources
of those clients (second argument) and kept as "numbers" wherever they are not simply 0, 1, 2, ….
"""

import json
import pathlib
import re
import sys

LAUNCH_STAGE = {
    "LAUNCH_STAGE_UNSPECIFIED": 0, "EARLY_ACCESS": 1, "ALPHA": 2, "BETA": 3, "GA": 4, "DEPRECATED": 5,
    "UNIMPLEMENTED": 6, "PRELAUNCH": 7,
}  # google/api/launch_stage.proto

RUN = "GoogleCloudRunV2"
WANTED = {
    "run.v2": ("google-cloud-run-v2-*", [
        f"{RUN}{name}" for name in (
            "Service", "WorkerPool", "Job", "Revision", "Execution", "Task", "RunJobRequest", "CancelExecutionRequest",
            "ListServicesResponse", "ListWorkerPoolsResponse", "ListJobsResponse", "ListRevisionsResponse",
            "ListExecutionsResponse", "ListTasksResponse")
    ] + ["GoogleIamV1SetIamPolicyRequest", "GoogleIamV1TestIamPermissionsRequest",
         "GoogleIamV1TestIamPermissionsResponse", "GoogleLongrunningOperation",
         "GoogleLongrunningListOperationsResponse", "GoogleLongrunningWaitOperationRequest"]),
    "run.v1": (None, ["Service", "Revision", "Job", "Execution", "WorkerPool", "RunJobRequest", "ListServicesResponse",
                      "ListRevisionsResponse", "ListJobsResponse", "ListExecutionsResponse", "ListWorkerPoolsResponse",
                      "Status"]),
    "cloudscheduler.v1": ("google-cloud-scheduler-v1-*", ["Job", "ListJobsResponse"]),
    "cloudbilling.v1": ("google-cloud-billing-v1-*", [
        "ProjectBillingInfo", "BillingAccount", "ListBillingAccountsResponse", "ListProjectBillingInfoResponse",
        "SetIamPolicyRequest", "TestIamPermissionsRequest", "TestIamPermissionsResponse"]),
    "sqladmin.v1": ("google-cloud-sql-v1-*", [
        "DatabaseInstance", "InstancesListResponse", "Operation", "OperationsListResponse", "User",
        "UsersListResponse", "Database", "DatabasesListResponse"]),
}
KEPT = ("$ref", "type", "format", "enum", "readOnly")


def numbers_of(crate):
    """Enum numbers by the set of the enum's names: `"BETA" => Self::Beta` and `3 => Self::Beta`."""
    source = "\n".join(path.read_text() for path in sorted(crate.glob("src/**/*.rs")))
    number, name = {}, {}
    for pattern, found, key in ((r'(\d+) => Self::(\w+)', number, "i32"), (r'"(\w+)" => Self::(\w+)', name, "&str")):
        block = re.compile(r"impl std::convert::From<%s> for (\w+) \{.*?match value \{(.*?)_ =>" % re.escape(key), re.S)
        for match in block.finditer(source):
            found.setdefault(match[1], []).append(re.findall(pattern, match[2]))
    table = {}
    for enum, blocks in name.items():
        for names, values in zip(blocks, number.get(enum, [])):
            variants = {variant: int(value) for value, variant in values}
            numbered = {text: variants[variant] for text, variant in names if variant in variants}
            table[frozenset(numbered)] = numbered
    return table


def field(source, table):
    kept = {key: source[key] for key in KEPT if key in source}
    for inner in ("items", "additionalProperties"):
        if inner in source:
            kept[inner] = field(source[inner], table)
    if "enum" in kept:
        names = kept["enum"]
        known = LAUNCH_STAGE if set(names) == set(LAUNCH_STAGE) else table.get(frozenset(names))
        numbers = [known[name] for name in names] if known else None
        if numbers and numbers != list(range(len(names))):
            kept["numbers"] = numbers
    return kept


def references(value):
    if isinstance(value, dict):
        return {value["$ref"]} if "$ref" in value else set().union(*map(references, value.values()), set())
    return set()


def reduce(document, roots, table):
    kept, waiting = {}, list(roots)
    while waiting:
        name = waiting.pop()
        if name not in kept:
            properties = document["schemas"][name].get("properties", {})
            kept[name] = {key: field(value, table) for key, value in properties.items()}
            waiting.extend(references(kept[name]))
    return kept


def main():
    documents, registry = map(pathlib.Path, sys.argv[1:])
    for api, (crate, roots) in WANTED.items():
        document = json.loads((documents / f"{api}.json").read_text())
        table = numbers_of(next(registry.glob(crate))) if crate else {}
        messages = reduce(document, roots, table)
        lines = ",\n".join(
            f"{json.dumps(name)}: {json.dumps(messages[name], separators=(',', ':'))}" for name in sorted(messages))
        out = pathlib.Path(__file__).parent / f"{api}.json"
        out.write_text("{\n" + lines + "\n}\n")
        print(f"{api}: revision {document['revision']}, {len(messages)} messages")


main()
