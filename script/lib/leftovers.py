"""What the engines of an isolated cloud still have, compared with what the cloud says there is."""

import contextlib
import os
import pathlib
import re

from cloud import CloudError

TAP = re.compile(r"^tap[0-9a-f-]+$")


def processes(running):
    """(number, name of the program) of all processes in the cloud's network namespace: Ferrostack, engines, guests."""
    namespace = os.stat(f"/run/netns/{running.name}").st_ino
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):   # it has ended
            if (folder / "ns/net").stat().st_ino == namespace:
                yield int(folder.name), pathlib.Path(os.readlink(folder / "exe").removesuffix(" (deleted)")).name


def objects(running):
    """What the engines have: kind -> names."""
    interfaces = running.engine("ip", "-o", "link", "show").splitlines()
    names = {line.split(": ")[1].split("@")[0] for line in interfaces}
    instances = running.state_dir / "agent" / "instances"
    return {
        "domains": set(running.engine("virsh", "--quiet", "list", "--all", "--uuid").split()),
        "taps": {name for name in names if TAP.match(name)},
        "ports of br-int": set(running.engine("ovs-vsctl", "--timeout=10", "list-ports", "br-int").split()),
        "namespaces": {line.split()[0] for line in running.engine("ip", "netns", "list").splitlines() if line.strip()},
        "folders of servers": {one.name for one in instances.iterdir()} if instances.is_dir() else set(),
    }


def compare(running, servers, ports, networks):
    """Everything that the engines have and should not, or lack and should have, as texts.

    `servers` and `networks` are ids; `ports` maps the ids of servers' ports to whether their server is running.
    """
    found = objects(running)
    wrong = differences("domain", found["domains"], servers)
    wrong += differences("folder of a server", found["folders of servers"], servers)
    taps = {f"tap{port[:11]}" for port, on in ports.items() if on}
    may_have = {f"tap{port[:11]}" for port in ports}
    wrong += [f"tap {one} belongs to no port" for one in found["taps"] - may_have]
    wrong += [f"tap {one} of a running server is not there" for one in taps - found["taps"]]
    wrong += [f"br-int has the port {one}, which belongs to none" for one in found["ports of br-int"]
              if TAP.match(one) and one not in may_have]
    wrong += [f"namespace {one} belongs to no network" for one in found["namespaces"]
              if one.startswith("ovnmeta-") and one.removeprefix("ovnmeta-") not in networks]
    return wrong


def differences(kind, found, expected):
    return [f"{kind} {one} belongs to no server" for one in found - expected] + \
        [f"server {one} has no {kind}" for one in expected - found]


def nothing_left(running):
    """Everything that is left although every server is deleted, as texts."""
    return compare(running, set(), {}, set())


def of_project(running, api):
    """`compare` with what the cloud says that this project (and only this one) has."""
    servers = {one["id"]: one["status"] for one in api.get("/compute/v2.1/servers/detail")["servers"]}
    ports = {one["id"]: servers.get(one["device_id"]) == "ACTIVE" for one in api.get("/network/v2.0/ports")["ports"]
             if one["device_owner"].startswith("compute:")}
    networks = {one["id"] for one in api.get("/network/v2.0/networks")["networks"]}
    try:
        return compare(running, set(servers), ports, networks)
    except CloudError as error:
        return [f"an engine does not answer: {error}"]
