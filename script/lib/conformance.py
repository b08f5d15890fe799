"""script/conformance: Tempest, unmodified, against a cloud of its own."""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess

import cloud
import results
from cloud import ROOT, TARGET, CloudError

FOLDER = ROOT / "conformance"
OUT = TARGET / "conformance"
VENV = OUT / "venv"
SUITES = {name: rf"^tempest\.api\.{name}\." for name in ("identity", "image", "network", "compute", "placement")}
SUITES["smoke"] = r"[\[,]smoke[\],]"
TEST_SECONDS = 1200
# Guests without hardware virtualization need up to a minute of boot beside others on two cores.
REAL = {"REAL": "true", "NODES": 1, "BUILD_TIMEOUT": 300, "PING_TIMEOUT": 180, "CONNECT_TIMEOUT": 60, "SSH_TIMEOUT": 300}
SIMULATED = {"REAL": "false", "NODES": 2, "BUILD_TIMEOUT": 120, "PING_TIMEOUT": 60, "CONNECT_TIMEOUT": 30,
             "SSH_TIMEOUT": 120}


def arguments():
    parser = argparse.ArgumentParser(
        prog="script/conformance", description="Runs Tempest, unmodified, against a cloud that it starts and ends. "
        "Results: target/conformance/SUITE.tsv (outcome, test, reason). Ends with 0 only if nothing failed.")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--regex", help="run the tests whose id matches")
    parser.add_argument("--list", type=pathlib.Path, help="run the tests of a file, looked for in conformance/ first")
    parser.add_argument("--simulated", action="store_true", help="against simulated nodes (the default)")
    parser.add_argument("--real", action="store_true", help="against real engines, isolated from this machine's own; tests "
                        "log in to guests. Needs root")
    parser.add_argument("--mariadb", action="store_true", help="the cloud keeps its data in a private MariaDB")
    parser.add_argument("--keep", action="store_true", help="leave the cloud running and the work folder in place")
    parser.add_argument("--at-least", type=int, default=1, metavar="N",
                        help="fewer passed tests in a run are a failure: skips are no passes (%(default)s)")
    parser.add_argument("--concurrency", type=int, default=os.cpu_count(), metavar="N",
                        help="test processes (%(default)s)")
    args = parser.parse_args()
    if args.real and (args.simulated or args.mariadb):
        parser.error("--real goes with neither --simulated nor --mariadb")
    unknown = [name for name in args.suites if name not in SUITES]
    if unknown:
        parser.error(f"no suite {unknown[0]}; there are {', '.join(SUITES)}, and lists with --list")
    if not (args.suites or args.regex or args.list):
        parser.error("name a suite, --regex or --list")
    if args.mariadb and args.keep:
        parser.error("--keep leaves no MariaDB running; use it without --mariadb")
    return args


def selections(args):
    """(name, regex or None, file or None) for each run."""
    found = [(name, SUITES[name], None) for name in args.suites]
    if args.regex:
        found.append(("regex", args.regex, None))
    if args.list:
        path = next((path for path in (FOLDER / args.list, args.list) if path.is_file()), None)
        if path is None:
            raise CloudError(f"--list {args.list}: neither in {FOLDER} nor here")
        found.append((path.stem, None, path))
    return found


def fill(template, known):
    """The configuration with every @NAME@ replaced. An unknown name is an error, and a value that no line uses too."""
    unused = set(known)

    def value(match):
        unused.discard(match[1])
        if match[1] not in known:
            raise CloudError(f"tempest.conf.in asks for @{match[1]}@, which nobody knows")
        return str(known[match[1]])
    lines = (line if line.startswith("#") else re.sub(r"@([A-Z_]+)@", value, line) for line in template.splitlines())
    filled = "\n".join(lines) + "\n"
    if unused:
        raise CloudError(f"tempest.conf.in uses no {', '.join(sorted(unused))}")
    return filled


def values(running, folder):
    """What the running cloud says about itself."""
    api, auth = running.api(), running.credentials()
    images = api.get("/image/v2/images?name=tiny")["images"]
    flavors = sorted(api.get("/compute/v2.1/flavors/detail")["flavors"], key=lambda one: (one["ram"], one["name"]))
    publics = api.get("/network/v2.0/networks?router:external=true")["networks"]
    if not images or len(flavors) < 2 or not publics:
        raise CloudError(f"the cloud has {len(images)} images named tiny, {len(flavors)} flavors, "
                         f"{len(publics)} external networks; tests need one, two and one")
    tiny, public = images[0], publics[0]
    guest = folder / "tiny.img"
    guest.write_bytes(api.get(f"/image/v2/images/{tiny['id']}/file", {"Accept": "*/*"}))
    placement = api.get("/placement/")["versions"][0]
    extensions = sorted(one["alias"] for one in api.get("/network/v2.0/extensions")["extensions"])
    return {
        "LOCK_DIR": folder / "lock",
        "ADMIN_USERNAME": auth["username"], "ADMIN_PASSWORD": auth["password"],
        "ADMIN_PROJECT_NAME": auth["project_name"],
        "IDENTITY_URL": f"{running.url}/identity", "REGION": "RegionOne",
        "IMAGE_ID": tiny["id"], "IMAGE_ALT_ID": second_image(api, tiny, guest.read_bytes()),
        "FLAVOR_ID": flavors[0]["id"], "FLAVOR_ALT_ID": flavors[1]["id"],
        "PUBLIC_NETWORK_ID": public["id"], "PUBLIC_NETWORK_NAME": public["name"],
        "EXTENSIONS": ",".join(extensions),
        "PLACEMENT_MIN": placement["min_version"], "PLACEMENT_MAX": placement["max_version"],
        "GUEST_IMAGE_FILE": guest, "GUEST_IMAGE_FORMAT": tiny["disk_format"],
        **(REAL if isinstance(running, cloud.RealCloud) else SIMULATED),
    }


def second_image(api, first, data):
    """Uploads the same bytes as another public image, for tests that want two; its id."""
    body = {"name": "tiny-alt", "visibility": "public", "disk_format": first["disk_format"],
            "container_format": first["container_format"]}
    image = api.call("POST", "/image/v2/images", body)["id"]
    api.call("PUT", f"/image/v2/images/{image}/file", data, {"Content-Type": "application/octet-stream"})
    return image


def excluded():
    """Test id -> reason, from exclude.txt."""
    lines = (FOLDER / "exclude.txt").read_text().splitlines()
    pairs = (line.partition(" # ") for line in lines if line.strip() and not line.startswith("#"))
    return {test.strip(): reason.strip() for test, _, reason in pairs}


class Tempest:
    """Tempest's workspace: a folder with the filled configuration."""

    def __init__(self, folder, configuration, prefix=()):
        self.folder = folder
        self.prefix = prefix   # words before each command, such as those that enter a network namespace
        (folder / "etc").mkdir(parents=True)
        (folder / "logs").mkdir()
        self.configuration = folder / "etc" / "tempest.conf"
        self.configuration.write_text(configuration)

    def _run(self, *words, capture=False):
        environment = {**os.environ, "PATH": f"{VENV}/bin:{os.environ['PATH']}", "OS_TEST_TIMEOUT": str(TEST_SECONDS),
                       "PYTHONWARNINGS": "ignore"}
        process = subprocess.Popen([*self.prefix, VENV / "bin" / words[0], *map(str, words[1:])], cwd=self.folder, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if capture else None)
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        return process.returncode, output

    def matching(self, regex):
        """The ids of the tests that match."""
        if not (self.folder / ".stestr").exists():
            self._run("stestr", "init")
        code, output = self._run("tempest", "run", "--config-file", self.configuration, "--list-tests",
                                 "--regex", regex, capture=True)
        if code:
            raise CloudError(f"tempest cannot list its tests:\n{output.decode(errors='replace')[-2000:]}")
        return [line for line in output.decode().splitlines() if line.startswith("tempest.")]

    def run(self, tests, concurrency):
        """Runs the tests; what each one said, as results.py reads it from the stream."""
        listed = self.folder / "tests.txt"
        listed.write_text("".join(f"{test}\n" for test in tests))
        shutil.rmtree(self.folder / ".stestr", ignore_errors=True)   # the results of an earlier run
        self._run("tempest", "run", "--config-file", self.configuration, "--load-list", listed,
                  "--concurrency", concurrency)
        _, stream = self._run("stestr", "last", "--subunit", capture=True)
        raw = self.folder / "results.subunit"
        raw.write_bytes(stream)
        read = subprocess.run([VENV / "bin" / "python", ROOT / "script/lib/results.py", raw], check=True,
                              stdout=subprocess.PIPE, text=True)
        return results.parse(read.stdout)


def run_one(tempest, selection, concurrency):
    """Runs one suite and writes its table; its rows."""
    name, regex, path = selection
    tests = path.read_text().split("\n") if path else tempest.matching(regex)
    tests = [test.strip() for test in tests if test.strip() and not test.startswith("#")]
    if not tests:
        raise CloudError(f"{name}: Tempest has no test that matches {regex or path}")
    left_out = {test: reason for test, reason in excluded().items() if test in tests}
    events = tempest.run([test for test in tests if test not in left_out], concurrency)
    rows = results.judge(tests, events + [(test, "skip", f"excluded: {why}") for test, why in left_out.items()])
    table = OUT / f"{name}.tsv"
    table.write_text("".join("\t".join(row) + "\n" for row in rows))
    print(f"\n{table}")
    for outcome, test, reason in rows:
        if outcome != "passed":
            print(f"  {outcome}  {test.split('[')[0]}  {reason[:300]}")
    return rows


def start(stack, args, command):
    """The cloud under test and a folder beside its own."""
    if args.real:
        folder = stack.enter_context(cloud.real_folder(args.keep))
        running = stack.enter_context(cloud.RealCloud(folder / "state", command, args.keep))
        running.guest_image()
        return running, folder
    folder = stack.enter_context(cloud.scratch("conformance", keep=args.keep))
    database = None
    if args.mariadb:
        database = stack.enter_context(cloud.MariaDb(folder)).database("ferrostack")
    return stack.enter_context(cloud.Cloud(folder / "state", command, database, nodes=2, keep=args.keep)), folder


def main():
    args = arguments()
    runs = selections(args)
    cloud.tool("need_venv", VENV, FOLDER / "requirements.txt")
    command = cloud.binary()
    lines, failed = [], False
    with contextlib.ExitStack() as stack:
        running, folder = start(stack, args, command)
        configuration = fill((FOLDER / "tempest.conf.in").read_text(), values(running, folder))
        tempest = Tempest(folder / "tempest", configuration, running.on_network if args.real else ())
        shutil.copy(tempest.configuration, OUT / "tempest.conf")
        for selection in runs:
            rows = run_one(tempest, selection, args.concurrency)
            lines.append(f"{selection[0]}: {results.summary(rows)}")
            outcomes = [row[0] for row in rows]
            if (passed := outcomes.count("passed")) < args.at_least:
                lines.insert(0, f"{selection[0]}: only {passed} passed, {args.at_least} must")
            failed = failed or "failed" in outcomes or passed < args.at_least
        if not running.alive():
            lines.insert(0, f"the cloud ended by itself with {running.process.returncode}:\n{running.last_words()}")
            failed = True
        shutil.copy(running.log, OUT / "cloud.log")
    print("\n" + "\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    cloud.program("script/conformance", main)
