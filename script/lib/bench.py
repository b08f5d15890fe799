"""script/bench: the requests that the peers were measured with, against simulated clouds of our own.

Every row starts a cloud of its own (a release build) on the disk that holds target/, so that no row pays for what
another left; rows that write do so on SQLite and on a private MariaDB with its durable defaults. `ferrostack-load`
drives the requests: closed loop, one loopback connection for each client. The peers' figures were recorded on one
two-core machine (Python 3.11, uWSGI with 2 workers, MariaDB 10.11, memcached; `wrk`): ratios compare with that record,
not with peers run beside.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import time
import uuid

import bench_real
import cloud
from cloud import TARGET, CloudError

MIB = 1 << 20
APIS = ("/identity/v3", "/image/v2/schemas/image", "/placement/", "/compute/v2.1/", "/network/v2.0/")


@dataclasses.dataclass
class Figure:
    """One line of the table. `better` says which way is good: `more` (rates) or `less` (times, sizes)."""
    work: str
    ours: float
    unit: str
    peer: float | None = None
    better: str = "more"
    detail: str = ""
    floor: float | None = None     # the ratio that must be reached
    limit: float | None = None     # or the value that must not be passed

    @property
    def ratio(self):
        if not self.peer or not self.ours:
            return None
        return self.ours / self.peer if self.better == "more" else self.peer / self.ours

    @property
    def short(self):
        """What is missing to the aim; empty if nothing."""
        if self.floor and self.peer and self.ratio < self.floor:
            return f"below {self.floor:g}x"
        if self.limit and self.ours > self.limit:
            return f"above {self.limit:g} {self.unit}"
        return ""


class Bench:
    """What all rows share: the binaries, the databases, how long to measure."""

    def __init__(self, stack, quick):
        self.stack, self.quick = stack, quick
        self.seconds, self.warm = (1, 0.3) if quick else (5, 1)
        self.command = pathlib.Path(cloud.binary())
        self.loader = cloud.binary("ferrostack-load")
        TARGET.mkdir(exist_ok=True)
        self.folder = stack.enter_context(cloud.scratch("bench", parent=TARGET))
        self.mariadb = None
        self.clouds = 0

    def cloud(self, database="sqlite"):
        """A fresh cloud on this database."""
        self.clouds += 1
        address = None
        if database == "mariadb":
            self.mariadb = self.mariadb or self.stack.enter_context(cloud.MariaDb(self.folder))
            address = self.mariadb.database(f"bench{self.clouds}")
        return cloud.Cloud(self.folder / f"cloud{self.clouds}", self.command, address, nodes=2)

    def load(self, api, running, path, clients=1, mode="requests", body=None, headers=None, **options):
        """Runs ferrostack-load with the api's token; its report. A run with errors is no measurement."""
        words = [self.loader, mode, "--url", running.url + path, "--clients", clients, "--seconds", self.seconds,
                 "--warm", self.warm]
        for name, value in {"X-Auth-Token": api.token, **(headers or {})}.items():
            words += ["--header", f"{name}: {value}"]
        words += ["--body", json.dumps(body)] if body is not None else []
        for name, value in options.items():
            words += [f"--{name}", value]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        if done.returncode:
            raise CloudError(f"ferrostack-load: {done.stderr.strip()}")
        report = json.loads(done.stdout)
        if report["errors"] or not report["done"]:
            raise CloudError(f"{report['errors']} errors, {report['done']} successes; first: {report['first_error']}")
        return report

    def rates(self, work, peer, send, floor=20, database=None):
        """Lines for one and eight clients; the peer's figure was taken with eight."""
        for clients in (1, 8):
            report = send(clients)
            yield Figure(f"{work}, c={clients}" + (f", {database}" if database else ""), report["per_second"], "/s",
                         peer if clients == 8 else None, detail=percentiles(report), floor=floor)


def percentiles(report):
    return f"p50 {report['p50_ms']:.2f} p99 {report['p99_ms']:.2f} ms"


# Rows. Each takes the bench and a database, and yields figures.

def validate(bench, database):
    with bench.cloud(database) as running:
        api = running.api()
        yield from bench.rates("Identity: validate a token", 356, floor=50, send=lambda clients: bench.load(
            api, running, "/identity/v3/auth/tokens", clients, headers={"X-Subject-Token": api.token}))


def token_by_token(bench, database):
    with bench.cloud(database) as running:
        api = running.api()
        body = {"auth": {"identity": {"methods": ["token"], "token": {"id": api.token}},
                         "scope": {"project": {"id": api.project_id}}}}
        yield from bench.rates("Identity: token by token", 309, lambda clients: bench.load(
            api, running, "/identity/v3/auth/tokens", clients, method="POST", body=body))


def password(bench, database):
    with bench.cloud(database) as running:
        api, auth = running.api(), running.credentials()
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": auth["username"], "domain": {"id": "default"}, "password": auth["password"]}}},
            "scope": {"project": {"id": api.project_id}}}}

        def send(clients):
            return bench.load(api, running, "/identity/v3/auth/tokens", clients, method="POST", body=body)
        yield from bench.rates("Identity: token by password (bcrypt 12)", 5.1, send, floor=None)


def projects(bench, database):
    with bench.cloud(database) as running:
        api = running.api()
        yield from bench.rates("Identity: list projects", 190,
                               lambda clients: bench.load(api, running, "/identity/v3/projects", clients))


def providers(running, lines=None, count=1000):
    """An admin's client, placement's headers, and `count` providers whose ids are written to the file `lines`."""
    api = running.api()
    newest = api.get("/placement/")["versions"][0]["max_version"]
    minor = min(39, int(newest.split(".")[1]))
    headers = {"OpenStack-API-Version": f"placement 1.{minor}"}
    ids = [str(uuid.uuid4()) for _ in range(count)]
    for number, one in enumerate(ids):
        api.call("POST", "/placement/resource_providers", {"name": f"bench{number}", "uuid": one}, headers)
        api.call("PUT", f"/placement/resource_providers/{one}/inventories", {
            "resource_provider_generation": 0, "inventories": {
                "VCPU": {"total": 100000, "allocation_ratio": 16.0, "max_unit": 64},
                "MEMORY_MB": {"total": 100000000, "reserved": 512}, "DISK_GB": {"total": 1000000}}}, headers)
    if lines:
        lines.write_text("".join(f"{one}\n" for one in ids))
    return api, headers, minor


def candidates(bench, database):
    with bench.cloud(database) as running:
        api, headers, _ = providers(running)
        path = "/placement/allocation_candidates?resources=VCPU:1,MEMORY_MB:512,DISK_GB:1&limit=100"
        yield from bench.rates("Placement: candidates of 1,000 providers", 16, lambda clients: bench.load(
            api, running, path, clients, headers=headers))


NESTED = 10_000   # providers: each compute node has two NUMA nodes and a network card below it
NESTED_SIZE = 4


def nested_providers(running, count):
    """`count` compute nodes as trees, one of a hundred with the trait CUSTOM_GOLD; placement's headers."""
    api = running.api()
    headers = {"OpenStack-API-Version": "placement 1.39"}
    for name in ("CUSTOM_GOLD", "CUSTOM_PHYSNET"):
        api.call("PUT", f"/placement/traits/{name}", headers=headers)

    def provider(api, name, parent, inventories, traits):
        one = str(uuid.uuid4())
        path = f"/placement/resource_providers/{one}"
        api.call("POST", "/placement/resource_providers", {
            "name": name, "uuid": one, "parent_provider_uuid": parent}, headers)
        api.call("PUT", f"{path}/inventories", {"resource_provider_generation": 0, "inventories": inventories}, headers)
        api.call("PUT", f"{path}/traits", {"resource_provider_generation": 1, "traits": traits}, headers)
        return one

    def fill(numbers):
        own = running.api()   # a connection serves one thread
        for number in numbers:
            gold = ["CUSTOM_GOLD"] if number % 100 == 99 else []
            root = provider(own, f"nested{number}", None, {"DISK_GB": {"total": 2000}},
                            ["COMPUTE_NODE", "HW_CPU_X86_AVX2", *gold])
            for cell in (0, 1):
                provider(own, f"nested{number}:numa{cell}", root, {
                    "VCPU": {"total": 32, "allocation_ratio": 4.0}, "MEMORY_MB": {"total": 131072, "reserved": 512}},
                    ["HW_NUMA_ROOT"])
            provider(own, f"nested{number}:nic", root, {"SRIOV_NET_VF": {"total": 16}},
                     ["HW_NIC_SRIOV", *(["CUSTOM_PHYSNET"] if number % 2 else [])])
    with concurrent.futures.ThreadPoolExecutor(8) as workers:
        list(workers.map(fill, (range(part, count, 8) for part in range(8))))
    return api, headers


def candidates_nested(bench, database):
    with bench.cloud(database) as running:
        api, headers = nested_providers(running, (NESTED // 50 if bench.quick else NESTED) // NESTED_SIZE)
        groups = ("resources=DISK_GB:20&resources_CPU=VCPU:4,MEMORY_MB:8192&required_CPU=HW_NUMA_ROOT"
                  "&resources_NIC=SRIOV_NET_VF:1&required_NIC=CUSTOM_PHYSNET&group_policy=isolate&limit=1000")
        for name, root in (("many fit", "COMPUTE_NODE,!CUSTOM_GOLD"), ("one tree of a hundred", "CUSTOM_GOLD")):
            path = f"/placement/allocation_candidates?{groups}&required={root}"
            report = bench.load(api, running, path, 1, headers=headers)
            yield Figure(f"Placement: candidates, 10,000 nested, {name}", report["p50_ms"], "ms",
                         better="less", detail=percentiles(report), limit=5)


def allocations(bench, database):
    with bench.cloud(database) as running:
        lines = bench.folder / "providers.txt"
        api, headers, minor = providers(running, lines)
        body = {"allocations": {"@P@": {"resources": {"VCPU": 1, "MEMORY_MB": 512, "DISK_GB": 1}}},
                "project_id": str(uuid.uuid4()), "user_id": str(uuid.uuid4()), "consumer_generation": None}
        if minor >= 38:
            body["consumer_type"] = "INSTANCE"
        yield from bench.rates("Placement: write an allocation", 84, database=database, send=lambda clients: bench.load(
            api, running, "/placement/allocations/@U@", clients, method="PUT", body=body, headers=headers, lines=lines))


def own_project(running):
    """A client for a new project without quotas; its user is only a member there, as a cloud's users are."""
    admin = running.api()
    project = admin.call("POST", "/identity/v3/projects", {"project": {"name": "bench"}})["project"]["id"]
    role = admin.get("/identity/v3/roles?name=member")["roles"][0]["id"]
    admin.call("PUT", f"/identity/v3/projects/{project}/users/{admin.user_id}/roles/{role}")
    for path, body in ((f"/network/v2.0/quotas/{project}", {"quota": {"port": -1, "network": -1, "subnet": -1}}),
                       (f"/compute/v2.1/os-quota-sets/{project}", {"quota_set": {
                           "instances": -1, "cores": -1, "ram": -1}})):
        status, _, answer = admin.request("PUT", path, body)
        if status not in (200, 404):   # 404: this API is not offered yet; eight servers at once fit the defaults
            raise CloudError(f"PUT {path}: {status} {answer}")
    return running.api(project=project)


def network(api):
    """A network with room for 65,000 ports; its id."""
    one = api.call("POST", "/network/v2.0/networks", {"network": {"name": "bench"}})["network"]["id"]
    api.call("POST", "/network/v2.0/subnets", {"subnet": {"network_id": one, "ip_version": 4, "cidr": "10.40.0.0/16"}})
    return one


def ports_create(bench, database):
    with bench.cloud(database) as running:
        api = own_project(running)
        body = {"port": {"network_id": network(api)}}
        yield from bench.rates("Network: create a port", 14, database=database, send=lambda clients: bench.load(
            api, running, "/network/v2.0/ports", clients, method="POST", body=body))


def ports_list(bench, database):
    with bench.cloud(database) as running:
        api = own_project(running)
        body = {"port": {"network_id": network(api)}}
        bench.load(api, running, "/network/v2.0/ports", 8, method="POST", body=body, count=1000)
        count = len(api.get("/network/v2.0/ports")["ports"])
        report = bench.load(api, running, "/network/v2.0/ports")
        work = f"Network: list {count:,} ports, c=1"
        yield Figure(work, report["p50_ms"], "ms", 551, "less", percentiles(report), floor=20)


def cycles(bench, database, work, serial, eight, wanted_networks):
    with bench.cloud(database) as running:
        api = own_project(running)
        flavor = next(one["id"] for one in api.get("/compute/v2.1/flavors")["flavors"] if one["name"] == "m1.nano")
        image = api.get("/image/v2/images?name=tiny")["images"][0]["id"]
        server = {"name": "bench-@N@", "imageRef": image, "flavorRef": flavor, **wanted_networks(api)}

        def send(clients):
            return bench.load(api, running, "/compute/v2.1/servers", clients, mode="cycle", body={"server": server},
                              member="server")
        report = send(1)
        yield Figure(f"{work}, serial, {database}", report["p50_ms"], "ms", serial, "less", percentiles(report), 20)
        report = send(8)
        yield Figure(f"{work}, cycles, c=8, {database}", report["per_second"], "/s", eight,
                     detail=percentiles(report), floor=20)


def boot(bench, database):
    # The project has no network, so the server gets none: `networks: none` would need microversion 2.37.
    return cycles(bench, database, "Compute: POST to ACTIVE, no network", 510, 1.75, lambda api: {})


def boot_port(bench, database):
    return cycles(bench, database, "Compute: POST to ACTIVE, a port", 1250, 1.07,
                  lambda api: {"networks": [{"uuid": network(api)}]})


def image(bench, database):
    size = (64 if bench.quick else 1024) * MIB
    block = os.urandom(MIB)
    with bench.cloud(database) as running:
        api = running.api()
        body = {"name": "bench", "disk_format": "raw", "container_format": "bare"}
        path = f"/image/v2/images/{api.call('POST', '/image/v2/images', body)['id']}/file"
        connection = http.client.HTTPConnection(api.address, timeout=600)
        headers = {"X-Auth-Token": api.token, "Content-Type": "application/octet-stream", "Content-Length": str(size)}
        begin = time.perf_counter()
        connection.request("PUT", path, (block for _ in range(size // MIB)), headers)
        answer = connection.getresponse()
        text = answer.read()
        took = time.perf_counter() - begin
        if answer.status != 204:
            raise CloudError(f"PUT {path}: {answer.status} {text[:300]}")
        yield Figure(f"Image: upload of {size // MIB:,} MiB", size / took / 1e6, "MB/s", 184)
        buffer, received = bytearray(MIB), 0
        begin = time.perf_counter()
        connection.request("GET", path, headers={"X-Auth-Token": api.token})
        answer = connection.getresponse()
        while count := answer.readinto(buffer):
            received += count
        took = time.perf_counter() - begin
        if received != size:
            raise CloudError(f"GET {path}: {answer.status}, {received} of {size} bytes")
        yield Figure(f"Image: download of {size // MIB:,} MiB", size / took / 1e6, "MB/s", 1110)


def memory(bench, database):
    with bench.cloud(database) as running:
        time.sleep(2 if bench.quick else 10)
        rollup = pathlib.Path(f"/proc/{running.process.pid}/smaps_rollup").read_text()
        kib = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        yield Figure("Memory, all services idle (PSS), database included", kib / 1024, "MiB", 2115, "less", limit=100)


def start(bench, database):
    def until_answers(running):
        begin = time.monotonic()
        running.start()
        connection = http.client.HTTPConnection(f"127.0.0.1:{running.port}", timeout=30)
        for path in APIS:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 500:
                raise CloudError(f"GET {path} after the start: {answer.status}")
        return time.monotonic() - begin

    running = bench.cloud(database)
    times = []
    try:
        for _ in range(4 if bench.quick else 8):
            times.append(until_answers(running))
            running.stop()
    finally:
        running.kill()
    yield Figure("Start to every API answering, first (empty folder)", times[0], "s", None, "less", limit=0.5)
    yield Figure("Start to every API answering, warm", statistics.median(times[1:]), "s", 24, "less",
                 f"slowest of {len(times) - 1}: {max(times[1:]):.3f} s", limit=0.5)


def disk(bench, _database):
    yield Figure("Disk: everything that is installed", bench.command.stat().st_size / 1e6, "MB", 859, "less", limit=60)


READS, WRITES = ("sqlite",), ("sqlite", "mariadb")
ROWS = {
    "validate": (validate, READS), "token-by-token": (token_by_token, READS), "password": (password, READS),
    "projects": (projects, READS), "candidates": (candidates, READS),
    "candidates-nested": (candidates_nested, READS), "allocations": (allocations, WRITES),
    "ports-create": (ports_create, WRITES), "ports-list": (ports_list, READS), "boot": (boot, WRITES),
    "boot-port": (boot_port, WRITES), "image": (image, READS), "memory": (memory, READS), "start": (start, READS),
    "disk": (disk, READS),
}
LATER = {
    "object-4k": ("Object: PUT/GET 4 KiB, 1 replica, c=8", "190 / 525 /s", "there is no object store yet"),
    "object-1m": ("Object: PUT/GET 1 MiB, 1 replica", "122 / 250 MB/s", "there is no object store yet"),
}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def line(work, ours, peer, ratio, remark=""):
    print(f"{work:<62} {ours:>14} {peer:>12} {ratio:>8}  {remark}".rstrip(), flush=True)


def show(figure):
    peer = f"{number(figure.peer)} {figure.unit}" if figure.peer else "-"
    ratio = f"{number(figure.ratio)}x" if figure.ratio else "-"
    remark = "  ".join(filter(None, [figure.detail, figure.short]))
    line(figure.work, f"{number(figure.ours)} {figure.unit}", peer, ratio, remark)


def arguments():
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__.splitlines()[0],
                                     epilog=f"Rows: {', '.join([*ROWS, *LATER])}; with --real: {', '.join(bench_real.ROWS)}")
    parser.add_argument("names", nargs="*", metavar="NAME", help="rows to measure (all)")
    parser.add_argument("--real", action="store_true",
                        help="real servers and engines, each beside the engine's own time; needs root")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--quick", action="store_true", help="a second for each figure: whether it runs, not how fast")
    parser.add_argument("--check", action="store_true", help="end with 1 if a figure misses what it must reach")
    args = parser.parse_args()
    known = list(bench_real.ROWS) if args.real else [*ROWS, *LATER]
    unknown = [name for name in args.names if name not in known]
    if unknown:
        parser.error(f"no row {unknown[0]}; there are {', '.join(known)}")
    return args


def simulated(stack, args):
    """(row, database, its figures) of each row; the figures are measured as they are taken."""
    bench = Bench(stack, args.quick)
    for name in args.names or [*ROWS, *LATER]:
        if name in LATER:
            work, peer, why = LATER[name]
            line(work, "-", "-", "-", f"{why}; peer: {peer}")
            continue
        measure, databases = ROWS[name]
        for database in databases:
            yield name, database, measure(bench, database)


def real(stack, args):
    """As `simulated`; all rows share one cloud, whose engines take a while."""
    bench = bench_real.Bench(stack, args.quick, Figure)
    for name in args.names or bench_real.ROWS:
        yield name, "real", bench_real.ROWS[name](bench)


def main():
    args = arguments()
    figures, broken = [], []
    with contextlib.ExitStack() as stack:
        line(f"work ({os.cpu_count()} cores)", "ours", "peer", "ratio")
        for name, database, measured in (real if args.real else simulated)(stack, args):
            try:
                for figure in measured:
                    show(figure)
                    figures.append((name, figure))
            except (CloudError, OSError, http.client.HTTPException, LookupError) as error:
                broken.append(name)
                line(f"{name}, {database}", "failed", "-", "-", f"{type(error).__name__}: {error}")
    if args.json:
        args.json.write_text(json.dumps({"cores": os.cpu_count(), "quick": args.quick, "figures": [
            {"row": name, **dataclasses.asdict(figure), "ratio": figure.ratio} for name, figure in figures]}, indent=1))
    missed = [figure for _, figure in figures if figure.short]
    print(f"bench: {len(figures)} figures, {len(missed)} miss what they must reach, {len(broken)} rows failed")
    return 1 if broken or (args.check and missed) else 0


if __name__ == "__main__":
    cloud.program("script/bench", main)
