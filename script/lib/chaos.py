"""script/chaos: kills a cloud at random moments while clients work, and looks for what was lost or left.

Theory of operation. Some clients create, change and delete servers and floating IPs without pause; every answer they
get is written down in a `Ledger`: what the cloud accepted it owes, what it never answered it may or may not have done.
The main thread kills the process (-9) at random moments and starts it again on the same folder. Now and then, and at
the end, the clients rest; when every operation has ended (a cloud that stays busy is a failure), the world is compared:

- every server and floating IP that was accepted is there and in a final state; what was deleted is gone;
- every port, placement allocation and unit of quota belongs to a server, floating IP or fixture that is there;
- `ferrostack audit` finds the tables, the nodes' domains and OVN's database in agreement.

At last everything is deleted, and nothing may remain. The same --seed gives the same kills and the same choices; what
the machine makes of them differs.

With --real the servers are real ones on an isolated cloud's engines. Then engines are killed, too (libvirtd, those of OVN
and Open vSwitch, each with its own watchdog), and what engines have is compared with what there should be: domains, taps,
ports of br-int, namespaces, files.
"""

import argparse
import contextlib
import dataclasses
import os
import random
import signal
import subprocess
import threading
import time

import cloud
import leftovers
from cloud import CloudError

REST_EVERY = 20     # kills between two comparisons
FERROSTACK = "ferrostack"
ENGINES = ("libvirtd", "ovn-controller", "ovs-vswitchd", "ovn-northd")


@dataclasses.dataclass(frozen=True)
class Pace:
    """What differs between simulated servers and real ones, whose boots cost seconds of processor time."""
    clients: int
    most: int             # how many of each kind a client keeps at most
    longest: float        # seconds between two kills
    settle_seconds: int
    pause: float = 0      # seconds between two requests of a client
    servers: int = 1      # how many times likelier a server is created or deleted than another thing done


SIMULATED = Pace(clients=4, most=4, longest=1.5, settle_seconds=60)
REAL = Pace(clients=2, most=2, longest=6, settle_seconds=240, pause=0.2, servers=3)
PROVIDER_MICROVERSION = {"OpenStack-API-Version": "placement 1.14"}


class Ledger:
    """What one client was promised, ids by kind. What was asked for and never answered is in neither set."""

    def __init__(self):
        self.alive = {"servers": set(), "floatingips": set()}   # creation accepted
        self.gone = {"servers": set(), "floatingips": set()}    # deletion accepted


class Worker(threading.Thread):
    """A client: repeats random requests until told to end, and survives every death of the cloud."""

    def __init__(self, number, running, fixture, seed, pace):
        super().__init__(name=f"client-{number}", daemon=True)
        self.running, self.fixture, self.pace = running, fixture, pace
        self.random = random.Random(f"{seed}/{number}")
        self.ledger = Ledger()
        self.go, self.resting, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.requests = self.unanswered = self.created = 0
        self.unsure, self.doubtful = False, set()
        self.errors = []
        self.api = None

    def run(self):
        while not self.ended.is_set():
            if not self.go.is_set():
                self.resting.set()
                self.go.wait(0.1)
                continue
            self.resting.clear()
            try:
                self.api = self.api or self.running.api("ferrostack-demo")
                self.step()
                self.requests += 1
                time.sleep(self.pace.pause)
            except OSError:
                self.unanswered += 1   # the cloud was killed: what it did is open
                self.unsure = True
                time.sleep(0.02)
            except CloudError as error:
                if error.status != 503:   # it is starting, and says so
                    self.errors.append(str(error))
                time.sleep(0.02)
            except Exception as error:   # a client that dies silently would turn the test into nothing
                self.errors.append(f"{self.name}: {error!r}")
                time.sleep(0.1)

    def step(self):
        if self.unsure:
            self.look()
            self.unsure = False
        servers, floating = self.ledger.alive["servers"], self.ledger.alive["floatingips"]
        choices = [self.create_server] * (len(servers) < self.pace.most) * self.pace.servers
        choices += [self.create_floating_ip] * (len(floating) < self.pace.most)
        choices += [self.delete_server] * bool(servers) * self.pace.servers + [self.delete_floating_ip] * bool(floating)
        choices += [self.associate, self.associate, self.disassociate] * bool(servers and floating)
        self.random.choice(choices)()

    def look(self):
        """Takes over what was made although no answer came, as a person would; else it would fill the quota."""
        for kind, path in (("servers", f"/compute/v2.1/servers?name=%5E{self.name}%24"),
                           ("floatingips", f"/network/v2.0/floatingips?description={self.name}")):
            found = {one["id"] for one in self.api.get(path)[kind]}
            self.ledger.alive[kind] |= found - self.ledger.gone[kind]

    def create_server(self):
        body = {"server": {"name": self.name, "imageRef": self.fixture.image, "flavorRef": self.fixture.flavor,
                           "networks": [{"uuid": self.fixture.network}]}}
        self.ledger.alive["servers"].add(self.api.call("POST", "/compute/v2.1/servers", body)["server"]["id"])
        self.created += 1

    def create_floating_ip(self):
        body = {"floatingip": {"floating_network_id": self.fixture.public, "description": self.name}}
        self.ledger.alive["floatingips"].add(
            self.api.call("POST", "/network/v2.0/floatingips", body)["floatingip"]["id"])

    def delete(self, kind, path):
        one = self.random.choice(sorted(self.ledger.alive[kind]))
        self.ledger.alive[kind].discard(one)
        again = one in self.doubtful
        self.doubtful.add(one)   # until there is an answer
        status, _, answer = self.api.request("DELETE", f"{path}/{one}")
        self.doubtful.discard(one)
        if status >= 400 and not (status == 404 and again):
            raise CloudError(f"DELETE {path}/{one}: {status} {answer}", status)
        self.ledger.gone[kind].add(one)

    def delete_server(self):
        self.delete("servers", "/compute/v2.1/servers")

    def delete_floating_ip(self):
        self.delete("floatingips", "/network/v2.0/floatingips")

    def put_floating_ip(self, port):
        one = self.random.choice(sorted(self.ledger.alive["floatingips"]))
        body = {"floatingip": {"port_id": port}}
        status, _, answer = self.api.request("PUT", f"/network/v2.0/floatingips/{one}", body)
        # 404 and 409: the port went away meanwhile, or has a floating IP already; both are right answers.
        if status >= 400 and status not in (404, 409):
            raise CloudError(f"PUT floatingips/{one}: {status} {answer}", status)

    def associate(self):
        server = self.random.choice(sorted(self.ledger.alive["servers"]))
        ports = self.api.get(f"/network/v2.0/ports?device_id={server}")["ports"]
        if ports:
            self.put_floating_ip(ports[0]["id"])

    def disassociate(self):
        self.put_floating_ip(None)


class Fixture:
    """What the clients need: image, flavor, a routed network."""

    def __init__(self, admin, demo):
        for path, body in ((f"/network/v2.0/quotas/{demo.project_id}",
                            {"quota": {"port": 500, "floatingip": 100}}),
                           (f"/compute/v2.1/os-quota-sets/{demo.project_id}",
                            {"quota_set": {"instances": 100, "cores": 200, "ram": 204800}})):
            status, _, answer = admin.request("PUT", path, body)
            if status not in (200, 404):   # 404: this API is not offered, and the defaults hold
                raise CloudError(f"PUT {path}: {status} {answer}")
        self.image = admin.get("/image/v2/images?name=tiny")["images"][0]["id"]
        flavors = admin.get("/compute/v2.1/flavors")["flavors"]
        self.flavor = next(one["id"] for one in flavors if one["name"] == "m1.nano")
        self.public = admin.get("/network/v2.0/networks?name=public")["networks"][0]["id"]
        self.network = demo.call("POST", "/network/v2.0/networks", {"network": {"name": "chaos"}})["network"]["id"]
        self.subnet = demo.call("POST", "/network/v2.0/subnets", {"subnet": {
            "network_id": self.network, "ip_version": 4, "cidr": "10.30.0.0/16"}})["subnet"]["id"]
        self.router = demo.call("POST", "/network/v2.0/routers", {"router": {
            "name": "chaos", "external_gateway_info": {"network_id": self.public}}})["router"]["id"]
        demo.call("PUT", f"/network/v2.0/routers/{self.router}/add_router_interface", {"subnet_id": self.subnet})

    def remove(self, demo):
        demo.call("PUT", f"/network/v2.0/routers/{self.router}/remove_router_interface", {"subnet_id": self.subnet})
        demo.call("DELETE", f"/network/v2.0/routers/{self.router}")
        demo.call("DELETE", f"/network/v2.0/networks/{self.network}")


def settle(demo, pace):
    """Waits until no server and no floating IP is on its way to another state."""
    def at_rest():
        servers = demo.get("/compute/v2.1/servers/detail")["servers"]
        return all(one["status"] in ("ACTIVE", "SHUTOFF", "ERROR") and not one.get("OS-EXT-STS:task_state")
                   for one in servers)
    demo.wait("servers leave their transitional states", at_rest, pace.settle_seconds)


def compare(running, ledgers, pace):
    """Everything that is not as it was promised, as texts."""
    admin, demo = running.api(), running.api("ferrostack-demo")
    settle(demo, pace)
    servers = {one["id"]: one for one in demo.get("/compute/v2.1/servers/detail")["servers"]}
    floating = {one["id"]: one for one in demo.get("/network/v2.0/floatingips")["floatingips"]}
    wrong = [f"server {one['id']} is ERROR: {one.get('fault')}" for one in servers.values() if one["status"] == "ERROR"]
    for ledger in ledgers:
        for kind, there in (("servers", servers), ("floatingips", floating)):
            wrong += [f"{kind}: {one} was accepted and is lost" for one in ledger.alive[kind] - set(there)]
            wrong += [f"{kind}: {one} was deleted and is still there" for one in ledger.gone[kind] & set(there)]
    wrong += ports(demo, servers, floating) + allocations(admin, servers) + quotas(demo, servers, floating)
    wrong += audit(running)
    if isinstance(running, cloud.RealCloud):
        # Reconcilers, which run once a minute, may have something left to do.
        wrong += settled(lambda: leftovers.of_project(running, demo), 150)
    return wrong


def settled(look, seconds):
    """What `look()` still finds after so long, or at once if nothing."""
    end = time.monotonic() + seconds
    while (found := look()) and time.monotonic() < end:
        time.sleep(2)
    return found


def ports(demo, servers, floating):
    """Ports and floating IPs that belong to nothing, or to something else than they say."""
    found = demo.get("/network/v2.0/ports")["ports"]
    compute = [one for one in found if one["device_owner"].startswith("compute:")]
    wrong = [f"port {one['id']} belongs to server {one['device_id']}, which is not there"
             for one in compute if one["device_id"] not in servers]
    with_port = {one["device_id"] for one in compute}
    wrong += [f"server {one} has no port" for one in set(servers) - with_port]
    if len(compute) != len(with_port & set(servers)):
        wrong.append(f"{len(compute)} ports for {len(servers)} servers")
    ids = {one["id"] for one in found}
    wrong += [f"floating IP {one['id']} is on port {one['port_id']}, which is not there"
              for one in floating.values() if one["port_id"] and one["port_id"] not in ids]
    return wrong


def allocations(admin, servers):
    """Allocations without a server, servers without one, usage that is not the sum of its allocations."""
    wrong, consumers = [], {}
    for provider in admin.get("/placement/resource_providers", PROVIDER_MICROVERSION)["resource_providers"]:
        path = f"/placement/resource_providers/{provider['uuid']}"
        held = admin.get(f"{path}/allocations", PROVIDER_MICROVERSION)["allocations"]
        usages = admin.get(f"{path}/usages", PROVIDER_MICROVERSION)["usages"]
        for consumer in held:
            consumers.setdefault(consumer, []).append(provider["name"])
        for resource, used in usages.items():
            total = sum(one["resources"].get(resource, 0) for one in held.values())
            if used != total:
                wrong.append(f"{provider['name']}: {used} {resource} used, allocations add up to {total}")
    wrong += [f"allocation of {one} on {where}, but there is no such server"
              for one, where in consumers.items() if one not in servers]
    wrong += [f"server {one} holds allocations on {consumers.get(one)}"
              for one in servers if len(consumers.get(one, [])) != 1]
    return wrong


def quotas(demo, servers, floating):
    """Usage that is not what there is."""
    wrong = []
    status, _, limits = demo.request("GET", "/compute/v2.1/limits")
    if status == 200 and (used := limits["limits"]["absolute"].get("totalInstancesUsed")) != len(servers):
        wrong.append(f"quota: {used} instances used, there are {len(servers)}")
    status, _, quota = demo.request("GET", f"/network/v2.0/quotas/{demo.project_id}/details.json")
    if status == 200:
        there = {"floatingip": len(floating), "port": len(demo.get("/network/v2.0/ports")["ports"])}
        wrong += [f"quota: {quota['quota'][kind]['used']} of {kind} used, there are {count}"
                  for kind, count in there.items() if quota["quota"][kind]["used"] != count]
    return wrong


def audit(running):
    """What `ferrostack audit` finds: tables against operations, nodes' domains and OVN's database; one line each."""
    words = [running.command, "audit", "--state-dir", running.state_dir]
    words += ["--database", running.database] if running.database else []
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        return []
    return [f"audit: {line}" for line in (done.stdout or done.stderr).splitlines() if line.strip()]


def rest(workers):
    for worker in workers:
        worker.go.clear()
        worker.resting.clear()
    for worker in workers:
        if not worker.resting.wait(130):
            raise CloudError(f"{worker.name} waits for an answer for more than two minutes")


def report(wrong, when):
    for line in wrong:
        print(f"  {when}: {line}", flush=True)
    return len(wrong)


def engine_processes(running, name):
    """The processes of an engine in the cloud's network namespace, its watchdog among them."""
    return sorted(pid for pid, program in leftovers.processes(running) if program == name)


def kill_engine(running, name, choice):
    """kill -9 of an engine: of it alone, which its watchdog repairs, or of both, which is left to Ferrostack."""
    processes = engine_processes(running, name)
    if not processes:
        raise CloudError(f"{name} does not run")
    # The watchdog was started first.
    victims = processes if choice.random() < 0.5 else [max(processes)]
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def await_engines(running):
    """Waits until every engine runs again; a text for each that does not."""
    return settled(lambda: [f"{name} does not run" for name in ENGINES if not engine_processes(running, name)], 60)


def storm(running, workers, args, choice, pace):
    """The kills; how many things were wrong in the comparisons between them."""
    victims = [FERROSTACK] * args.kills + [name for name in ENGINES for _ in range(args.engine_kills)]
    choice.shuffle(victims)
    faults, longest = 0, 0.0
    for kill, victim in enumerate(victims, 1):
        for worker in workers:
            worker.go.set()
        time.sleep(choice.uniform(0.02, pace.longest))
        if not running.alive():
            raise CloudError(f"the cloud ended by itself:\n{running.last_words()}")
        if victim == FERROSTACK:
            running.kill()
            longest = max(longest, running.start())
        else:
            faults += report(await_engines(running), f"before kill {kill}")
            kill_engine(running, victim, choice)
        if kill % REST_EVERY == 0 or kill == len(victims):
            rest(workers)
            if args.real:
                faults += report(await_engines(running), f"after kill {kill}")
            faults += report(compare(running, [worker.ledger for worker in workers], pace), f"after kill {kill}")
            print(f"{kill} kills: {sum(worker.requests for worker in workers)} requests answered, "
                  f"{sum(worker.unanswered for worker in workers)} cut off, slowest restart {longest:.2f} s, "
                  f"{faults} faults", flush=True)
    return faults


def clear(running, fixture, pace):
    """Deletes everything; what is left then."""
    demo = running.api("ferrostack-demo")
    for one in demo.get("/network/v2.0/floatingips")["floatingips"]:
        demo.call("DELETE", f"/network/v2.0/floatingips/{one['id']}")
    for one in demo.get("/compute/v2.1/servers")["servers"]:
        demo.call("DELETE", f"/compute/v2.1/servers/{one['id']}")
    demo.wait("servers are deleted", lambda: not demo.get("/compute/v2.1/servers")["servers"], pace.settle_seconds)
    wrong = compare(running, [], pace)
    fixture.remove(demo)
    if isinstance(running, cloud.RealCloud):
        wrong += settled(lambda: leftovers.nothing_left(running), 150)
    return wrong + [f"port {one['id']} of {one['device_owner']!r} is left"
                    for one in demo.get("/network/v2.0/ports")["ports"]]


def main():
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=None, metavar="N",
                        help="how often Ferrostack is killed (200; with --real 50)")
    parser.add_argument("--real", action="store_true", help="real servers on real engines; needs root")
    parser.add_argument("--engine-kills", type=int, default=None, metavar="N",
                        help="with --real: how often each engine is killed, too (10)")
    parser.add_argument("--seed", type=int, default=None, help="of the random choices; printed at the start")
    parser.add_argument("--mariadb", action="store_true", help="the cloud keeps its data in a private MariaDB")
    parser.add_argument("--keep", action="store_true", help="keep the state folder")
    args = parser.parse_args()
    if args.real and args.mariadb:
        parser.error("--real goes not with --mariadb")
    args.kills = args.kills if args.kills is not None else 50 if args.real else 200
    args.engine_kills = (10 if args.engine_kills is None else args.engine_kills) if args.real else 0
    pace = REAL if args.real else SIMULATED
    seed = args.seed if args.seed is not None else int.from_bytes(os.urandom(4), "big")
    kills = args.kills + args.engine_kills * len(ENGINES)
    print(f"chaos: {kills} kills, --seed {seed}", flush=True)
    command = cloud.binary()
    with contextlib.ExitStack() as stack:
        if args.real:
            folder = stack.enter_context(cloud.real_folder(args.keep))
            # Servers whose deletion waits for a dead engine hold their processors; the next ones must still find some.
            config = folder / "chaos.toml"
            config.write_text("[compute]\ncpu_allocation_ratio = 32.0\n")
            running = stack.enter_context(cloud.RealCloud(folder / "state", command, args.keep, config))
            running.guest_image()
        else:
            folder = stack.enter_context(cloud.scratch("chaos", keep=args.keep))
            database = None
            if args.mariadb:
                database = stack.enter_context(cloud.MariaDb(folder)).database("ferrostack")
            running = stack.enter_context(cloud.Cloud(folder / "state", command, database, nodes=2))
        fixture = Fixture(running.api(), running.api("ferrostack-demo"))
        workers = [Worker(number, running, fixture, seed, pace) for number in range(pace.clients)]
        for worker in workers:
            worker.start()
        try:
            faults = storm(running, workers, args, random.Random(seed), pace)
        finally:
            for worker in workers:
                worker.ended.set()
                worker.go.clear()
        faults += report(clear(running, fixture, pace), "after deleting everything")
        errors = [error for worker in workers for error in worker.errors]
        faults += report(errors, "an answer that no client should get")
    answered = sum(worker.requests for worker in workers)
    servers = sum(worker.created for worker in workers)
    if answered < kills or not servers:
        print(f"only {answered} requests were answered, {servers} servers created: this run proves nothing")
        faults += 1
    print(f"chaos: {kills} kills, {servers} servers, {answered} requests answered, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    cloud.program("script/chaos", main)
