#!/usr/bin/env python3
"""A first server, with the stock `openstack` client and nothing else, as a user of the project `demo` would make it.

Starts a simulated cloud, makes a network, subnet, router, security group rule, keypair, server and floating IP, looks
at each, stops, starts and reboots the server, reads its console, deletes all, and checks every result. FERROSTACK_BIN
names the binary; without it a release build is made.
"""

import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "script" / "lib"))
import cloud  # noqa: E402  (the scripts' own module)

VENV = cloud.TARGET / "conformance" / "client-venv"
SUBNET = ipaddress.ip_network("10.20.0.0/24")


class Client:
    """The `openstack` command, for one cloud of clouds.yaml."""

    def __init__(self, state_dir, name, venv=VENV):
        self.venv = venv
        self.environment = {**{key: value for key, value in os.environ.items() if not key.startswith("OS_")},
                            "OS_CLIENT_CONFIG_FILE": str(state_dir / "clouds.yaml"), "OS_CLOUD": name,
                            "PYTHONWARNINGS": "ignore"}

    def run(self, line, *more):
        """Runs `openstack LINE`, the words of `line` split at blanks; its output. Fails if the command fails."""
        words = [*line.split(), *map(str, more)]
        begin = time.monotonic()
        done = subprocess.run([self.venv / "bin" / "openstack", *words], env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)
        print(f"{time.monotonic() - begin:5.1f} s  openstack {' '.join(words)}", flush=True)
        if done.returncode:
            raise cloud.CloudError(f"openstack {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, line, *more):
        return json.loads(self.run(line, *more, "-f", "json"))

    def column(self, line, name="Name"):
        """One column of a list."""
        return [row[name] for row in self.json(line)]

    def status(self, server, wanted):
        """Waits until the server has a status."""
        end = time.monotonic() + 90
        while (status := self.json("server show", server)["status"]) != wanted:
            check(status != "ERROR" and time.monotonic() < end, f"the server is {status}, not {wanted}")


def check(true, message):
    if not true:
        raise cloud.CloudError(message)


def equal(found, expected, what):
    check(found == expected, f"{what}: expected {expected!r}, found {found!r}")


def build(client, folder):
    """Everything that a first server needs, and the server."""
    equal(client.json("network create net")["status"], "ACTIVE", "the network's status")
    subnet = client.json("subnet create --network net sub --subnet-range", SUBNET)
    equal(subnet["gateway_ip"], "10.20.0.1", "the subnet's gateway")
    equal(client.json("network show net")["subnets"], [subnet["id"]], "the network's subnets")
    client.json("router create router")
    client.run("router set --external-gateway public router")
    client.run("router add subnet router sub")
    router = client.json("router show router")
    check(router["external_gateway_info"], "the router has no gateway")
    equal([one["ip_address"] for one in router["interfaces_info"]], ["10.20.0.1"], "the router's interfaces")
    client.json("security group create group")
    rule = client.json("security group rule create --ingress --protocol tcp --dst-port 22 group")
    equal((rule["protocol"], rule["port_range_min"], rule["port_range_max"]), ("tcp", 22, 22), "the rule")
    client.run("keypair create key --private-key", folder / "key")
    check("PRIVATE KEY" in (folder / "key").read_text(), "the keypair has no private key")
    client.run("server create server --image tiny --flavor m1.nano --network net --key-name key "
               "--security-group group --wait")


def look(client):
    """The server as a client sees it."""
    server = client.json("server show server")
    equal(server["status"], "ACTIVE", "the server's status")
    equal(server["key_name"], "key", "the server's keypair")
    equal(server["security_groups"], [{"name": "group"}], "the server's security groups")
    [address] = server["addresses"]["net"]
    check(ipaddress.ip_address(address) in SUBNET, f"the server's address {address} is not of {SUBNET}")
    equal(client.column("server list"), ["server"], "the list of servers")
    equal(client.column("network list --internal"), ["net"], "the list of networks")
    equal(client.column("keypair list"), ["key"], "the list of keypairs")
    [port] = client.json("port list --server server")
    equal((port["Fixed IP Addresses"][0]["ip_address"], port["Status"]), (address, "ACTIVE"), "the server's port")
    return address


def floating_ip(client, fixed):
    """A floating IP on the server."""
    floating = client.json("floating ip create public")["floating_ip_address"]
    client.run("server add floating ip server", floating)
    shown = client.json("floating ip show", floating)
    equal((shown["fixed_ip_address"], shown["status"]), (fixed, "ACTIVE"), "the floating IP")
    equal(sorted(client.json("server show server")["addresses"]["net"]), sorted([fixed, floating]), "the addresses")
    equal(client.column("floating ip list", "Floating IP Address"), [floating], "the list of floating IPs")
    return floating


def use(client):
    """Stop, start, both reboots, console."""
    client.run("server stop server")
    client.status("server", "SHUTOFF")
    client.run("server start server")
    client.status("server", "ACTIVE")
    client.run("server reboot --soft --wait server")
    client.run("server reboot --hard --wait server")
    client.status("server", "ACTIVE")
    check(client.run("console log show server").strip(), "the console is empty after a reboot")


def tear_down(client, floating):
    """Deletes all, and looks that nothing is left."""
    client.run("server remove floating ip server", floating)
    equal(client.json("floating ip show", floating)["fixed_ip_address"], None, "the floating IP after its removal")
    client.run("floating ip delete", floating)
    client.run("server delete --wait server")
    equal(client.json("port list --device-owner compute:nova"), [], "ports of servers after the deletion")
    client.run("router remove subnet router sub")
    client.run("router unset --external-gateway router")
    client.run("router delete router")
    client.run("subnet delete sub")
    client.run("network delete net")
    client.run("security group delete group")
    client.run("keypair delete key")
    for kind in ("server", "floating ip", "router", "port", "subnet", "keypair"):
        equal(client.json(f"{kind} list"), [], f"the list of {kind}s at the end")
    equal(client.column("network list --internal"), [], "the list of networks at the end")
    equal(client.column("security group list"), ["default"], "the list of security groups at the end")


def main():
    cloud.tool("need_venv", VENV, HERE / "requirements.txt")
    with cloud.scratch("client") as folder, cloud.Cloud(folder / "state") as running:
        client = Client(running.state_dir, "ferrostack-demo")
        try:
            build(client, folder)
            floating = floating_ip(client, look(client))
            use(client)
            tear_down(client, floating)
        except (cloud.CloudError, LookupError, ValueError) as error:
            print(running.last_words(), file=sys.stderr)
            raise cloud.CloudError(f"{type(error).__name__}: {error}") from error
    print("client: network, server and floating IP made, used and deleted: all as expected")


if __name__ == "__main__":
    cloud.program("conformance/client/first_server.py", main)
