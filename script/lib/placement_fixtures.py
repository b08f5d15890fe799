"""Runs one of upstream's gabbi files against placement at an address: `placement_fixtures.py FILE ADDRESS`.

Runs with the suite's own Python, which has gabbi. Prints a line for each test: outcome, test, reason, with tabs between.

Upstream's fixture classes come with the files and run as they are. What they stand on there (a service within the
process, its database, its test helpers) is replaced here by the API: `tb.create_provider` and its like send requests.
"""

import ast
import json
import os
import pathlib
import sys
import types
import unittest
import urllib.error
import urllib.request
import uuid

import yaml
from gabbi import fixture, handlers, suitemaker

# Files with these fixtures are not run, and why.
LEFT_OUT = {
    "CORSFixture": "cross-origin requests are not offered: no browser speaks to placement",
    "OpenPolicyFixture": "it replaces the policy by one that allows everything to everybody",
    "LegacyRBACPolicyFixture": "rules that upstream has deprecated are not offered, only those that replace them",
}
# What upstream's APIFixture puts into the environment.
FRESH = ("RP_UUID RP_NAME RP_UUID1 RP_NAME1 RP_UUID2 RP_NAME2 PROJECT_ID ADMIN_PROJECT_ID SERVICE_PROJECT_ID USER_ID "
         "PROJECT_ID_ALT USER_ID_ALT INSTANCE_UUID MIGRATION_UUID CONSUMER_UUID PARENT_PROVIDER_UUID "
         "ALT_PARENT_PROVIDER_UUID").split()


class Placement:
    """The helpers of upstream's tests, by the API."""

    def __init__(self, address):
        self.url = f"http://{address}"
        self.uuids = Sentinels()

    def call(self, method, path, body=None, version="1.37", expect=(200, 201, 204)):
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"x-auth-token": "admin", "openstack-api-version": f"placement {version}",
                     "accept": "application/json", "content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        if status not in expect:
            raise RuntimeError(f"{method} {path}: {status} {text.decode(errors='replace')}")
        return json.loads(text) if text else None

    def generation(self, provider):
        return self.call("GET", f"/resource_providers/{provider.uuid}")["generation"]

    def create_provider(self, _context, name, *aggregates, parent=None, uuid=None):
        made = types.SimpleNamespace(uuid=str(uuid or getattr(self.uuids, name)))
        made.set_aggregates = lambda aggregates: self.set_aggregates(made, aggregates)
        body = {"name": name, "uuid": made.uuid, "parent_provider_uuid": parent}
        self.call("POST", "/resource_providers", body)
        if aggregates:
            made.set_aggregates(aggregates)
        return made

    def set_aggregates(self, provider, aggregates):
        self.call("PUT", f"/resource_providers/{provider.uuid}/aggregates", {
            "aggregates": list(aggregates), "resource_provider_generation": self.generation(provider)})

    def add_inventory(self, provider, resource_class, total, **amounts):
        if resource_class.startswith("CUSTOM_"):
            self.call("PUT", f"/resource_classes/{resource_class}")
        body = {"resource_class": resource_class, "total": total, "max_unit": total, **amounts}
        self.call("POST", f"/resource_providers/{provider.uuid}/inventories", body)

    def set_traits(self, provider, *traits):
        for name in traits:
            if name.startswith("CUSTOM_"):
                self.call("PUT", f"/traits/{name}")
        self.call("PUT", f"/resource_providers/{provider.uuid}/traits", {
            "traits": traits, "resource_provider_generation": self.generation(provider)})

    def ensure_consumer(self, _context, user, project, consumer_id=None):
        return types.SimpleNamespace(uuid=str(consumer_id or uuid.uuid4()), user=user, project=project)

    def set_allocation(self, _context, provider, consumer, amounts):
        # At 1.12 consumers have owners, but neither generations nor types.
        self.call("PUT", f"/allocations/{consumer.uuid}", {
            "allocations": {provider.uuid: {"resources": amounts}}, "user_id": consumer.user.external_id,
            "project_id": consumer.project.external_id}, version="1.12")

    def create_user_and_project(self, _context, prefix="fake"):
        return Owner(external_id=f"{prefix}-user"), Owner(external_id=f"{prefix}-project")

    def resource_class(self, context=None, name=None):
        return types.SimpleNamespace(create=lambda: self.call("PUT", f"/resource_classes/{name}"))


class Sentinels:
    """A UUID for each name."""

    def __getattr__(self, name):
        setattr(self, name, str(uuid.uuid4()))
        return self.__dict__[name]


class Names:
    """Constants that are called as what they are: `orc.VCPU`."""

    def __getattr__(self, name):
        return name


class Owner:
    """A user or a project: there is nothing to make, placement knows them by what they own."""

    def __init__(self, _context=None, external_id=None):
        self.external_id = external_id

    def create(self):
        pass


class APIFixture(fixture.GabbiFixture):
    """An empty placement service, and names for what tests will make."""

    context = None

    def start_fixture(self):
        os.environ.update({name: str(uuid.uuid4()) for name in FRESH})
        for suffix in ("", "1", "2"):
            os.environ[f"CUSTOM_RES_CLASS{suffix}"] = f"CUSTOM_IRON_NFV{suffix}"


def fixtures(source, address):
    """Upstream's fixture classes on top of ours."""
    placement = Placement(address)
    known = {
        "os": os, "tb": placement, "uuids": placement.uuids, "orc": Names(), "ot": Names(), "APIFixture": APIFixture,
        "uuidutils": types.SimpleNamespace(generate_uuid=lambda: str(uuid.uuid4())),
        "user_obj": types.SimpleNamespace(User=Owner), "project_obj": types.SimpleNamespace(Project=Owner),
        "rc_obj": types.SimpleNamespace(ResourceClass=placement.resource_class),
    }
    module = types.ModuleType("fixtures")
    module.__dict__.update(known)
    tree = ast.parse(source.read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name != "APIFixture"
               and any(isinstance(base, ast.Name) and base.id.endswith("Fixture") for base in node.bases)]
    exec(compile(ast.Module(classes, []), str(source), "exec"), module.__dict__)
    return module


class Report(unittest.TestResult):
    """Prints each test when it is done."""

    def __init__(self, prefix):
        super().__init__()
        self.prefix, self.said = prefix, set()

    def say(self, outcome, test, reason=""):
        if test not in self.said:
            self.said.add(test)
            print(outcome, f"{self.prefix}/{test.test_data['name']}", " ".join(reason.split())[:600], sep="\t", flush=True)

    def addSuccess(self, test):
        self.say("passed", test)

    def addFailure(self, test, error):
        self.say("failed", test, str(error[1]))

    def addError(self, test, error):
        self.say("failed", test, f"{error[0].__name__}: {error[1]}")

    def addSkip(self, test, reason):
        self.say("skipped", test, reason)

    def addExpectedFailure(self, test, error):
        self.say("passed", test)

    def addUnexpectedSuccess(self, test):
        self.say("failed", test, "it passes, and is expected to fail")


def main(path, address):
    path = pathlib.Path(path)
    content = yaml.safe_load(path.read_text())
    for name in content["fixtures"]:
        if name in LEFT_OUT:
            for test in content["tests"]:
                print("skipped", f"{path.stem}/{test['name']}", LEFT_OUT[name], sep="\t")
            return
    module = fixtures(path.parent.parent / "fixtures" / "gabbits.py", address)
    host, port = address.split(":")
    suite = suitemaker.test_suite_from_dict(
        unittest.TestLoader(), path.stem, content, str(path.parent), host, int(port), module, None,
        handlers=[handler() for handler in handlers.RESPONSE_HANDLERS])
    suite.run(Report(path.stem))


if __name__ == "__main__":
    main(*sys.argv[1:])
