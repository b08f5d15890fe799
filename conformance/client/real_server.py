#!/usr/bin/env python3
"""A first server on real engines, from `script/up` to `script/down --purge`, as a newcomer would meet it.

Runs the commands that `script/up` ends with, word by word, in an isolated cloud on this machine; then looks from all
sides: ping and ssh over the floating IP, virsh, console log, the screen through noVNC in Chromium, stop, start, both
reboots; Ferrostack down and up again under the running server; delete, and nothing may be left in any engine. Needs
root. FERROSTACK_BIN names the binary; without it a release build is made.

    real_server.py             in an isolated cloud, started without an init system
    real_server.py --systemd   in a throw-away machine with systemd (script/lib/machine.sh), not isolated there: with
                               ferrostack.service and the engines' own units
    real_server.py --here      what --systemd runs in that machine: everything on this one is changed
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "script" / "lib")]
import browser  # noqa: E402  (the scripts' own modules)
import cloud  # noqa: E402
import first_server  # noqa: E402
import leftovers  # noqa: E402
from first_server import check, equal  # noqa: E402

OUT = cloud.TARGET / "real-server"
SSH = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4",
       "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
BOOT_SECONDS = 240
# How the canvas of noVNC looks: its size, how many pixels are not black, and a sum that changes with the picture.
CANVAS = """(() => {
  const canvas = document.querySelector('canvas');
  if (!canvas || !canvas.width) return null;
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let bright = 0, sum = 0;
  for (let i = 0; i < data.length; i += 4) {
    const light = data[i] + data[i + 1] + data[i + 2];
    if (light > 90) { bright += 1; sum = (sum * 31 + i) % 1000000007; }
  }
  return {width: canvas.width, height: canvas.height, bright, sum};
})()"""


def timed(what, work):
    """Does the work and prints how long it took; its result."""
    begin = time.monotonic()
    result = work()
    print(f"{time.monotonic() - begin:5.1f} s  {what}", flush=True)
    return result


class Scripts(cloud.RealCloud):
    """The cloud as script/up and script/down start and stop it."""

    def options(self):
        """Of script/up."""
        return ["--isolate", self.name, "--state-dir", self.state_dir, "--listen", f"127.0.0.1:{self.port}"]

    def up(self):
        """Runs script/up; what it prints. With a binary of ours nothing is built."""
        environment = {**os.environ, "FERROSTACK_BIN": str(self.command)}
        words = [cloud.ROOT / "script/up", "--no-build", *self.options()]
        done = subprocess.run(list(map(str, words)), env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise cloud.CloudError(f"script/up: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def down(self):
        done = subprocess.run([cloud.ROOT / "script/down", "--state-dir", self.state_dir], capture_output=True, text=True)
        if done.returncode:
            raise cloud.CloudError(f"script/down: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.keep:
            print(f"kept; to enter: {' '.join(self.inside)} bash; to remove: script/down --purge --state-dir {self.state_dir}")
        else:
            self.purge()


class Here(Scripts):
    """As a person has it: no isolation, the usual places, systemd."""

    on_network = ()
    inside = ()

    def __init__(self, command):
        cloud.Cloud.__init__(self, pathlib.Path("/var/lib/ferrostack"), command)
        self.name, self.port = None, 8080

    def options(self):
        return []

    def __enter__(self):
        # No index of packages is reachable from the machine; these are the very packages.
        cloud.tool("need_venv", first_server.VENV, HERE / "requirements.txt")
        shutil.copytree(first_server.VENV, self.state_dir / "client", symlinks=True)
        return self

    def __exit__(self, kind, *_):
        """Removes the cloud; nothing of it may be left on the machine."""
        if kind:
            return   # the machine ends with us
        self.purge()
        merged = pathlib.Path.home() / ".config/openstack/clouds.yaml"
        check("ferrostack" not in merged.read_text(), f"{merged} still has the cloud")
        for path in (self.state_dir, pathlib.Path("/etc/systemd/system/ferrostack.service"), pathlib.Path("/sys/class/net/br-ex")):
            check(not path.exists(), f"{path} is left after script/down --purge")
        left = [name for name in os.listdir("/sys/class/net") if name.startswith("tap")]
        equal(left, [], "taps after script/down --purge")
        equal(self.engine("virsh", "--quiet", "list", "--all", "--uuid").split(), [], "domains after script/down --purge")


class Server:
    """The server `first` as its owner sees it over the network."""

    def __init__(self, running, folder, address):
        self.running, self.key, self.address = running, folder / "first.pem", address

    def pings(self, seconds=5):
        done = subprocess.run([*self.running.on_network, "ping", "-c", "1", "-W", str(seconds), self.address],
                              stdout=subprocess.DEVNULL)
        return done.returncode == 0

    def ssh(self, command, seconds=60):
        words = [*self.running.on_network, "ssh", *SSH, "-i", self.key, f"root@{self.address}", command]
        done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
        if done.returncode:
            raise cloud.CloudError(f"ssh {command}: {done.returncode} {done.stderr.strip()}")
        return done.stdout.strip()

    def wait_for_ssh(self, since=None):
        """Waits until it lets us in; `since` is a boot id that must no longer be its. The present one."""
        end = time.monotonic() + BOOT_SECONDS
        while True:
            try:
                boot = self.ssh("cat /proc/sys/kernel/random/boot_id", 40)
                if boot != since:
                    return boot
            except (cloud.CloudError, subprocess.TimeoutExpired) as error:
                check(time.monotonic() < end, f"no ssh after {BOOT_SECONDS} s: {error}")
            check(time.monotonic() < end, f"the server has not booted anew after {BOOT_SECONDS} s")
            time.sleep(1)


def printed_commands(output):
    """The commands of the first server, as script/up prints them."""
    block = output.split("A first server:\n\n")[1].split("\n\n")[0]
    commands = [line.strip() for line in block.splitlines()]
    if commands[0].startswith("nsenter "):
        commands.pop(0)   # `follow` does that
    check(commands[-1].startswith("ssh "), f"the last line is to log in, not {commands[-1]}")
    return commands


def follow(running, folder, commands):
    """Runs the printed commands in one shell inside the cloud, as printed; the floating IP."""
    # A person would confirm the host key and leave ssh by `exit`.
    options = " ".join(SSH)
    lines = [line.replace("ssh -i", f"ssh {options} -i") + (" hostname" if line.startswith("ssh ") else "")
             for line in commands]
    script = folder / "first-server.sh"
    script.write_text("set -eu\n" + "".join(f"echo '+ {line}' >&2\n{line}\n" for line in lines[:-1])
                      + f"n=0; until {lines[-1]}; do n=$((n + 1)); [ $n -lt 60 ]; sleep 2; done\necho \"address=$address\"\n")
    done = subprocess.run([*running.on_network, "bash", str(script)], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900)
    check(done.returncode == 0, f"the printed commands: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    *_, host, address = done.stdout.strip().splitlines()
    equal(host.split(".")[0], "first", "the hostname that ssh tells")
    return address.removeprefix("address=")


def look(running, client, server):
    """The server in libvirt, its console log, its metadata."""
    found = client.json("server show first")
    equal(found["status"], "ACTIVE", "the server's status")
    domains = running.engine("virsh", "--quiet", "list", "--uuid").split()
    equal(domains, [found["id"]], "what virsh list shows")
    log = client.run("console log show first")
    for word in ("TINY-META", "hostname=first", "TINY-SSH-READY"):
        check(word in log, f"the console log has no {word}:\n{log[-2000:]}")
    told = json.loads(server.ssh("wget -q -O - http://169.254.169.254/openstack/latest/meta_data.json"))
    equal((told["uuid"], told["name"]), (found["id"], "first"), "the server's id and name from the metadata service")
    wrong = leftovers.of_project(running, running.api("ferrostack-demo"))
    equal(wrong, [], "engines against what there is")
    return found["id"]


def screen(client, folder):
    """The guest's screen through noVNC: shows a login prompt, and answers to keys."""
    url = client.json("console url show --novnc first")["url"]
    with browser.Browser() as page:
        page.open(url)
        end = time.monotonic() + 60
        while not (before := page.evaluate(CANVAS)) or before["bright"] < 100:
            if time.monotonic() > end:
                page.screenshot(folder / "novnc-failed.png")
                raise cloud.CloudError(f"noVNC shows nothing of the guest: {before}, {url}")
            time.sleep(0.5)
        page.evaluate("document.querySelector('canvas').focus()")
        page.type("root\n")
        while (after := page.evaluate(CANVAS))["sum"] == before["sum"]:
            check(time.monotonic() < end, "the guest's screen does not change when keys are pressed")
            time.sleep(0.5)
        page.screenshot(folder / "novnc.png")
    check(before["width"] >= 640, f"the screen is {before['width']}x{before['height']}")


def power(client, server):
    """Stop, start, both reboots: each is a new boot of the guest."""
    boot = server.wait_for_ssh()
    server.ssh("echo kept >/root/kept; sync")
    client.run("server stop first")
    client.status("first", "SHUTOFF")
    check(not server.pings(2), "a stopped server answers")
    client.run("server start first")
    client.status("first", "ACTIVE")
    boot = timed("started again", lambda: server.wait_for_ssh(boot))
    client.run("server reboot --soft --wait first")
    boot = timed("rebooted softly", lambda: server.wait_for_ssh(boot))
    client.run("server reboot --hard --wait first")
    timed("rebooted hard", lambda: server.wait_for_ssh(boot))
    equal(server.ssh("cat /root/kept"), "kept", "a file on the server's disk")


def away_and_back(running, client, server):
    """The server goes on while Ferrostack is down, and is there when it is back."""
    boot = server.wait_for_ssh()
    said = running.down()
    check("Servers that go on: 1" in said, f"script/down says: {said}")
    check(server.pings(), "the server does not answer while Ferrostack is down")
    equal(server.ssh("cat /proc/sys/kernel/random/boot_id"), boot, "the boot of the server while Ferrostack is down")
    said = timed("script/up again", running.up)
    check("is there" in said, "script/up uploaded the image again")
    equal(client.json("server show first")["status"], "ACTIVE", "the server's status after script/up")
    equal(server.wait_for_ssh(), boot, "the boot of the server after script/up")


def tear_down(running, client, address):
    """Deletes all; nothing may be left in any engine."""
    client.run("server delete --wait first")
    client.run("floating ip delete", address)
    client.run("router remove subnet router sub")
    client.run("router delete router")
    client.run("network delete net")
    client.run("keypair delete first")
    end = time.monotonic() + 30
    while wrong := leftovers.nothing_left(running):
        check(time.monotonic() < end, f"left after the deletion: {wrong}")
        time.sleep(0.5)


def systemd():
    """Runs this in a machine with systemd; says so where there can be none."""
    # The machine has a /tmp of its own, in which a binary could not be found.
    binary = shutil.copy(cloud.binary(), OUT / "ferrostack")
    environment = ["env", f"FERROSTACK_BIN={binary}", f"CARGO_TARGET_DIR={cloud.TARGET}"]
    status = subprocess.run([cloud.ROOT / "script/lib/machine.sh", *environment, sys.executable, "-B", __file__, "--here"]).returncode
    if status == 77:
        print("real-server: not tested where systemd runs")
        return 0
    return status


def main():
    options = set(sys.argv[1:])
    if options - {"--keep", "--here", "--systemd"}:
        sys.exit(__doc__)
    OUT.mkdir(parents=True, exist_ok=True)
    if "--systemd" in options:
        return systemd()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(cloud.real_folder("--keep" in options))
        running = Here(cloud.binary()) if "--here" in options else Scripts(folder / "state", cloud.binary(), "--keep" in options)
        stack.enter_context(running)
        output = timed("script/up", running.up)
        client = first_server.Client(running.state_dir, "ferrostack-demo", running.state_dir / "client")
        try:
            address = timed("the printed commands", lambda: follow(running, folder, printed_commands(output)))
            server = Server(running, folder, address)
            timed("ssh", server.wait_for_ssh)
            look(running, client, server)
            timed("the screen through noVNC", lambda: screen(client, OUT))
            power(client, server)
            away_and_back(running, client, server)
            tear_down(running, client, address)
        except (cloud.CloudError, LookupError, ValueError, subprocess.SubprocessError) as error:
            if isinstance(running, Here):
                print(running.engine("journalctl", "--quiet", "--output", "cat", "--lines", "60", "--unit", "ferrostack"))
            for name in ("ferrostack.log", "up.log"):
                with contextlib.suppress(OSError):
                    (OUT / name).write_bytes((running.state_dir / name).read_bytes())
            raise cloud.CloudError(f"{type(error).__name__}: {error}\nlogs in {OUT}") from error
    print("real-server: a server booted, used and deleted on real engines: all as expected")


if __name__ == "__main__":
    cloud.program("conformance/client/real_server.py", main)
