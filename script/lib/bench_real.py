"""The rows of `script/bench --real`: real servers on an isolated cloud's engines, each beside the engine's own time.

What is compared runs on the same machine, in the same minutes, turn by turn: a server against libvirt's own `define` and
`start` of the same XML, an image against `dd` with fsync and against a file server that does nothing but sendfile.
"""

import contextlib
import http.client
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import threading
import time

import cloud
import leftovers
from cloud import CloudError

MIB = 1 << 20
SERVERS = 10
# Ten servers with a processor each do not fit on two cores by default.
SETTINGS = "[compute]\ncpu_allocation_ratio = 16.0\n"
BOOT_SECONDS = 600
DONE = "that-was-it"   # what virsh says after a command


class Bench:
    """What the rows share: one cloud, a client, a network."""

    def __init__(self, stack, quick, figure):
        self.quick, self.figure = quick, figure
        self.folder = stack.enter_context(cloud.real_folder())
        settings = self.folder / "settings.toml"
        settings.write_text(SETTINGS)
        self.running = stack.enter_context(cloud.RealCloud(self.folder / "state", config=settings))
        self.running.guest_image()
        self.admin, self.api = self.running.api(), self.running.api("ferrostack-demo")
        network = self.api.call("POST", "/network/v2.0/networks", {"network": {"name": "bench"}})["network"]["id"]
        self.api.call("POST", "/network/v2.0/subnets", {"subnet": {
            "network_id": network, "ip_version": 4, "cidr": "10.40.0.0/16"}})
        flavors = self.api.get("/compute/v2.1/flavors")["flavors"]
        self.body = {"imageRef": self.api.get("/image/v2/images?name=tiny")["images"][0]["id"],
                     "flavorRef": next(one["id"] for one in flavors if one["name"] == "m1.nano"),
                     "networks": [{"uuid": network}]}
        # The first server of a node fetches the image, and libvirt looks at QEMU's abilities.
        self.delete(self.create("warm")[0])

    def create(self, name):
        """A server's id, and the seconds from the request until it is ACTIVE."""
        begin = time.perf_counter()
        server = self.api.call("POST", "/compute/v2.1/servers", {"server": {"name": name, **self.body}})["server"]["id"]
        while (found := self.api.get(f"/compute/v2.1/servers/{server}")["server"])["status"] != "ACTIVE":
            if found["status"] == "ERROR" or time.perf_counter() - begin > 300:
                raise CloudError(f"server {server} is {found['status']}: {found.get('fault')}")
            time.sleep(0.005)
        return server, time.perf_counter() - begin

    def delete(self, *servers):
        for server in servers:
            self.api.call("DELETE", f"/compute/v2.1/servers/{server}")
        self.api.wait("servers are deleted", lambda: not {one["id"] for one in self.api.get("/compute/v2.1/servers")[
            "servers"]} & set(servers), 120)


class Virsh:
    """One `virsh` that stays connected: what is measured is libvirt, not a client's start."""

    def __init__(self, running):
        self.process = subprocess.Popen([*running.inside, "stdbuf", "-oL", "virsh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)

    def run(self, command):
        """The seconds that a command took; CloudError when it says `error:`."""
        begin = time.perf_counter()
        self.process.stdin.write(f"{command}\necho {DONE}\n")
        said = ""
        for line in self.process.stdout:
            if line.strip() == DONE:
                break
            said += line
        else:
            raise CloudError(f"virsh {command}: it ended: {said.strip()}")
        took = time.perf_counter() - begin
        if "error:" in said:
            raise CloudError(f"virsh {command}: {said.strip()}")
        return took


def twin(bench, server):
    """The XML of a server's domain for a domain beside it: the same but for names and places, with a disk and a tap of
    its own. Its file and its name."""
    running, folder = bench.running, bench.folder / "twin"
    instance = running.state_dir / "agent" / "instances" / server
    xml = running.engine("virsh", "dumpxml", "--inactive", "--security-info", server)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cp", "-a", "--sparse=always", instance, folder], check=True)
    for kind in folder.glob("s/*"):
        kind.unlink()
    # Without our mark, so that the agent does not take it for its own.
    xml = re.sub(r"<metadata>.*?</metadata>", "", xml, flags=re.S)
    xml = re.sub(r"<name>.*?</name>", "<name>twin</name>", xml)
    xml = xml.replace(str(instance), str(folder)).replace(server, "7c5a0a5e-7f0e-4f57-9d3c-74696e790003")
    xml = re.sub(r"<target dev='tap[^']*'", "<target dev='taptwin'", xml)
    xml = re.sub(r"<mac address='[^']*'/>", "<mac address='fa:16:3e:00:00:99'/>", xml)
    file = bench.folder / "twin.xml"
    file.write_text(xml)
    return file


def boot(bench):
    """POST to a running guest, turn by turn with libvirt's own define and start."""
    ours, libvirts = [], []
    server, _ = bench.create("pattern")
    file = twin(bench, server)
    bench.delete(server)
    bench.running.engine("ip", "tuntap", "add", "dev", "taptwin", "mode", "tap")
    try:
        with Virsh(bench.running) as virsh:
            virsh.run("version")
            for number in range(3 if bench.quick else 10):
                libvirts.append(virsh.run(f"define {file}") + virsh.run("start twin"))
                virsh.run("destroy twin")
                virsh.run("undefine twin")
                server, took = bench.create(f"boot-{number}")
                ours.append(took)
                bench.delete(server)
    finally:
        bench.running.engine("ip", "link", "delete", "taptwin", check=False)
    own, theirs = statistics.median(ours) * 1000, statistics.median(libvirts) * 1000
    detail = f"{own - theirs:+.0f} ms; slowest {max(ours) * 1000:.0f} and {max(libvirts) * 1000:.0f} ms of {len(ours)}"
    yield bench.figure("Compute: POST to running QEMU, image cached; peer: libvirt", own, "ms", theirs, "less", detail,
                       limit=theirs + 150)


def row_of_ten(bench):
    """Ten servers, one after the other; then until the last one has booted."""
    begin = time.perf_counter()
    servers, times = [], []
    for number in range(3 if bench.quick else SERVERS):
        server, took = bench.create(f"row-{number}")
        servers.append(server)
        times.append(took)
    active = time.perf_counter() - begin
    waiting = set(servers)
    while waiting:
        for server in list(waiting):
            log = bench.api.call("POST", f"/compute/v2.1/servers/{server}/action", {"os-getConsoleOutput": {}})["output"]
            if "TINY-BOOT-DONE" in log:
                waiting.discard(server)
        if time.perf_counter() - begin > BOOT_SECONDS:
            raise CloudError(f"{len(waiting)} of {len(servers)} servers have not booted after {BOOT_SECONDS} s")
        time.sleep(0.2)
    booted = time.perf_counter() - begin
    count = len(servers)
    yield bench.figure(f"Compute: {count} servers in a row, until the last is ACTIVE", active, "s", None, "less",
                       f"median {statistics.median(times) * 1000:.0f}, slowest {max(times) * 1000:.0f} ms")
    yield bench.figure(f"Compute: {count} servers in a row, until the last has booted", booted, "s", None, "less")
    yield from memory_of(bench, f"{count} servers")
    bench.delete(*servers)


def pss(pid):
    """A process' share of memory in MiB; nothing for one that has ended."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def memory_of(bench, when):
    names = {}
    for pid, name in leftovers.processes(bench.running):
        if pid != bench.running.process.pid:
            names[name] = names.get(name, 0) + pss(pid)
    own = pss(bench.running.process.pid)
    guests = sum(names.pop(name) for name in list(names) if name.startswith("qemu-system"))
    shares = ", ".join(f"{name} {share:.0f}" for name, share in sorted(names.items(), key=lambda item: -item[1]))
    yield bench.figure(f"Memory (PSS) with {when}: Ferrostack", own, "MiB", None, "less")
    yield bench.figure(f"Memory (PSS) with {when}: engines", sum(names.values()), "MiB", None, "less", shares)
    if guests:
        yield bench.figure(f"Memory (PSS) with {when}: guests", guests, "MiB", None, "less")


def memory(bench):
    yield from memory_of(bench, "no server")


def serve_file(path):
    """A file server that does nothing but sendfile, for one request; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _ = listener.accept()
        with listener, connection, open(path, "rb") as file:
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {os.path.getsize(path)}\r\n\r\n".encode())
            connection.sendfile(file)
    threading.Thread(target=answer, daemon=True).start()
    return listener.getsockname()[1]


def download(connection, path, headers, size):
    """The seconds that it took."""
    buffer, received = bytearray(MIB), 0
    begin = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    while count := answer.readinto(buffer):
        received += count
    if received != size:
        raise CloudError(f"GET {path}: {answer.status}, {received} of {size} bytes")
    return time.perf_counter() - begin


def image(bench):
    """An image of a gibibyte, up and down, turn by turn with `dd` and a file server."""
    size = (64 if bench.quick else 1024) * MIB
    source, target = pathlib.Path("/dev/shm") / f"ferrostack-bench-{os.getpid()}", bench.folder / "dd"
    ups, dds, downs, files = [], [], [], []
    try:
        with open(source, "wb") as file:
            for _ in range(size // MIB):
                file.write(os.urandom(MIB))
        for _ in range(1 if bench.quick else 3):
            begin = time.perf_counter()
            subprocess.run(["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fsync", "status=none"], check=True)
            dds.append(time.perf_counter() - begin)
            one = bench.api.call("POST", "/image/v2/images", {"name": "gibibyte", "disk_format": "raw", "container_format": "bare"})
            path = f"/image/v2/images/{one['id']}/file"
            connection = http.client.HTTPConnection(bench.api.address, timeout=600)
            headers = {"X-Auth-Token": bench.api.token, "Content-Type": "application/octet-stream", "Content-Length": str(size)}
            begin = time.perf_counter()
            with open(source, "rb") as file:
                connection.request("PUT", path, file, headers)
                answer = connection.getresponse()
                text = answer.read()
            ups.append(time.perf_counter() - begin)
            if answer.status != 204:
                raise CloudError(f"PUT {path}: {answer.status} {text[:300]}")
            files.append(download(http.client.HTTPConnection("127.0.0.1", serve_file(target), timeout=600), "/", {}, size))
            downs.append(download(connection, path, {"X-Auth-Token": bench.api.token}, size))
            bench.api.call("DELETE", f"/image/v2/images/{one['id']}")
            target.unlink()
    finally:
        source.unlink(missing_ok=True)

    def rate(times):
        return size / statistics.median(times) / 1e6
    yield bench.figure(f"Image: upload of {size // MIB:,} MiB; peer: dd with fsync", rate(ups), "MB/s", rate(dds), floor=0.8)
    yield bench.figure(f"Image: download of {size // MIB:,} MiB; peer: sendfile", rate(downs), "MB/s", rate(files), floor=0.8)


def restart(bench):
    """Ferrostack anew beside its engines, with none of them touched."""
    times = []
    for _ in range(2 if bench.quick else 5):
        bench.running.stop()
        times.append(bench.running.start())
        bench.api.connection = bench.admin.connection = None   # kept ones have ended with it
    yield bench.figure("Start beside running engines, until every API answers", statistics.median(times), "s", None, "less",
                       f"slowest {max(times):.2f} s of {len(times)}")


ROWS = {"memory": memory, "image": image, "boot": boot, "row": row_of_ten, "restart": restart}
