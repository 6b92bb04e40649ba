#!/usr/bin/env python3
"""Reduces Google's discovery documents to the methods that local-gcp serves and the messages of these.

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

# A document, the crate of Google's that knows the numbers of its enums, the resources whose methods are kept (or single
# methods, where a resource has many), and messages that no method names because they travel as `Any`.
WANTED = {
    "cloudbilling.v1": ("google-cloud-billing-v1-*", ["billingAccounts", "billingAccounts.projects", "projects"], []),
    "cloudresourcemanager.v3": (None, ["projects.get", "projects.patch", "projects.testIamPermissions"], []),
    "cloudscheduler.v1": ("google-cloud-scheduler-v1-*", ["projects.locations.jobs"], []),
    "compute.v1": (None, ["instances.get", "instances.start", "instances.stop", "zoneOperations.get"], []),
    "iam.v1": (None, ["projects.serviceAccounts.keys"], []),
    "pubsub.v1": (None, ["projects.topics", "projects.topics.subscriptions", "projects.subscriptions"], []),
    "run.v1": (None, [
        "namespaces.services", "namespaces.revisions", "namespaces.jobs", "namespaces.executions", "namespaces.tasks",
        "namespaces.workerpools", "projects.locations.services", "projects.locations.revisions",
        "projects.locations.jobs", "projects.locations.workerpools"], []),
    "run.v2": ("google-cloud-run-v2-*", [
        "projects.locations.services", "projects.locations.services.revisions", "projects.locations.workerPools",
        "projects.locations.workerPools.revisions", "projects.locations.jobs", "projects.locations.jobs.executions",
        "projects.locations.jobs.executions.tasks", "projects.locations.operations"], []),
    "secretmanager.v1": (None, [
        "projects.secrets", "projects.secrets.versions", "projects.locations.secrets",
        "projects.locations.secrets.versions"], []),
    "serviceusage.v1beta1": (None, [
        "operations", "services.consumerQuotaMetrics", "services.consumerQuotaMetrics.limits",
        "services.consumerQuotaMetrics.limits.consumerOverrides"], ["OperationMetadata"]),
    "sqladmin.v1": ("google-cloud-sql-v1-*", ["instances", "users", "operations"], []),
    "sqladmin.v1beta4": ("google-cloud-sql-v1-*", ["instances", "users", "operations"], []),
    "storage.v1": (None, ["buckets", "managedFolders", "objects"], []),
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
    if "properties" in source:
        kept["properties"] = {name: field(inner, table) for name, inner in source["properties"].items()}
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


def methods_of(resource):
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from methods_of(inner)


def template(document, source):
    """`v1/{+name}:access` and the pattern of `name` as `/v1/{name=projects/*/secrets/*/versions/*}:access`."""
    def variable(match):
        pattern = source["parameters"][match[1]]["pattern"]
        return "{%s=%s}" % (match[1], pattern.strip("^$").replace("[^/]+", "*").replace(".*", "**"))
    return "/" + document["servicePath"] + re.sub(r"\{\+(\w+)\}", variable, source["path"])


def method(document, source):
    query = {name: {**field(parameter, {}), **{key: True for key in ("repeated", "required") if parameter.get(key)}}
             for name, parameter in source.get("parameters", {}).items() if parameter["location"] == "query"}
    kept = {"verb": source["httpMethod"], "path": template(document, source), "query": query}
    kept |= {key: source[key]["$ref"] for key in ("request", "response") if key in source}
    if "mediaUpload" in source:
        kept["uploads"] = [protocol["path"] for protocol in source["mediaUpload"]["protocols"].values()]
    if source.get("useMediaDownloadService"):
        kept["download"] = "/download" + kept["path"]
    return kept


def reduce(document, roots, table):
    kept, waiting = {}, list(roots)
    while waiting:
        name = waiting.pop()
        if name not in kept:
            properties = document["schemas"][name].get("properties", {})
            kept[name] = {key: field(value, table) for key, value in properties.items()}
            waiting.extend(references(kept[name]))
    return kept


def lines(entries):
    """One entry a line, so that a new revision can be read as a diff."""
    return "{\n" + ",\n".join(
        f"{json.dumps(name)}: {json.dumps(entries[name], separators=(',', ':'))}" for name in sorted(entries)) + "\n}"


def wanted(identifier, resources):
    name = identifier.partition(".")[2]
    return name in resources or name.rpartition(".")[0] in resources


def main():
    documents, registry = map(pathlib.Path, sys.argv[1:])
    for api, (crate, resources, more) in WANTED.items():
        document = json.loads((documents / f"{api}.json").read_text())
        table = numbers_of(next(registry.glob(crate))) if crate else {}
        methods = {source["id"]: method(document, source) for source in methods_of(document)
                   if wanted(source["id"], resources)}
        roots = {kept[key] for kept in methods.values() for key in ("request", "response") if key in kept}
        messages = reduce(document, sorted(roots) + more, table)
        common = {name: field(parameter, {}) for name, parameter in document["parameters"].items()}
        (pathlib.Path(__file__).parent / f"{api}.json").write_text(
            f'{{"revision": "{document["revision"]}",\n"parameters": {lines(common)},\n"methods": {lines(methods)},\n'
            f'"messages": {lines(messages)}}}\n')
        print(f"{api}: revision {document['revision']}, {len(methods)} methods, {len(messages)} messages")


main()
