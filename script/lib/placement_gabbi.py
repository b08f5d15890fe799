"""script/conformance placement: upstream's own API tests, unmodified, against placement in a simulated cloud.

The files, their fixtures and gabbi are pinned in conformance/placement. One cloud runs; each file gets a door of its own
to placement, on an empty database (crates/ferrostack/src/cloud/test_doors.rs), and runs in a process of the suite's own
Python (placement_fixtures.py). Results: target/conformance/placement.tsv (outcome, test, reason).
"""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import subprocess
import tarfile

import cloud
import results
from cloud import ROOT, TARGET, CloudError

FOLDER = ROOT / "conformance" / "placement"
OUT = TARGET / "conformance"
WORK = OUT / "placement"
VENV = WORK / "venv"
INSIDE = "placement/tests/functional/"
FILE_SECONDS = 300
# The tests that the API alone can set up: not one of them may be missing.
PLAIN_FILES, PLAIN_TESTS = 31, 535


def suite():
    """The folder with upstream's functional tests, fetched once."""
    pinned = (FOLDER / "suite.txt").read_text()
    marker, folder = WORK / "suite.txt", WORK / "suite"
    if marker.is_file() and marker.read_text() == pinned:
        return folder / INSIDE
    subprocess.run([VENV / "bin" / "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                    "--no-binary", ":all:", "--require-hashes", "--requirement", FOLDER / "suite.txt",
                    "--dest", WORK], check=True, stdin=subprocess.DEVNULL)
    name, version = pinned.splitlines()[-1].split()[0].split("==")
    name = name.replace("-", "_")
    with tarfile.open(WORK / f"{name}-{version}.tar.gz") as archive:
        for member in archive.getmembers():
            path = member.name.partition("/")[2]
            if member.isfile() and path.startswith(INSIDE) and ".." not in path:
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.extractfile(member).read())
    marker.write_text(pinned)   # last: a broken download is not taken for a whole one
    return folder / INSIDE


def doors(names, folder, server):
    """File name -> (address, database) of a door of its own."""
    databases = ((server.database(f"placement{number}") if server else f"sqlite:{folder}/{name}.db")
                 for number, name in enumerate(names))
    taken = {}
    for name, database in zip(names, databases):
        address = next(address for address in iter(lambda: f"127.0.0.1:{cloud.free_port()}", None)
                       if address not in {known for known, _ in taken.values()})
        taken[name] = (address, database)
    return taken


def run_file(path, address):
    """(outcome, test, reason) of each test in a file."""
    words = [VENV / "bin" / "python", "-B", ROOT / "script/lib/placement_fixtures.py", path, address]
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL, text=True)
    try:
        output, errors = process.communicate(timeout=FILE_SECONDS)
    except BaseException as error:
        process.kill()
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            return [("failed", path.stem, f"not finished after {FILE_SECONDS} s")]
        raise
    rows = [tuple((line + "\t").split("\t")[:3]) for line in output.splitlines()]
    if process.returncode:
        rows.append(("failed", path.stem, results.one_line(errors[-2000:])))
    return rows


def run(command=None, server=None, only=None):
    """Runs the files (or those whose name is in `only`) and writes the table; its rows."""
    WORK.mkdir(parents=True, exist_ok=True)
    cloud.tool("need_venv", VENV, FOLDER / "requirements.txt")
    folder = suite()
    files = sorted(path for path in (folder / "gabbits").glob("*.yaml") if not only or path.stem in only)
    if not files:
        raise CloudError(f"there is no such file in {folder / 'gabbits'}")
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(cloud.scratch("placement"))
        opened = doors([path.stem for path in files], scratch, server)
        os.environ["FERROSTACK_TEST_PLACEMENT"] = "\n".join(" ".join(door) for door in opened.values())
        try:
            running = cloud.Cloud(scratch / "state", command or cloud.binary(), nodes=1)
            stack.enter_context(running)
        finally:
            del os.environ["FERROSTACK_TEST_PLACEMENT"]
        workers = stack.enter_context(concurrent.futures.ThreadPoolExecutor(os.cpu_count()))
        rows = [row for found in workers.map(lambda path: run_file(path, opened[path.stem][0]), files) for row in found]
        if not running.alive():
            rows.append(("failed", "cloud", results.one_line(running.last_words())))
    if not only:
        rows += missing(folder, rows)
    (OUT / "placement.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    return rows


def missing(folder, rows):
    """A failure if the plain files are not all there and run as a whole."""
    plain = {path.stem for path in (folder / "gabbits").glob("*.yaml") if "- APIFixture" in path.read_text()}
    passed = sum(outcome == "passed" and test.split("/")[0] in plain for outcome, test, _ in rows)
    failed = sum(outcome == "failed" for outcome, _, _ in rows)
    if len(plain) != PLAIN_FILES or passed + failed < PLAIN_TESTS:
        yield ("failed", "APIFixture", f"{passed} tests of {len(plain)} files passed, not {PLAIN_TESTS} of {PLAIN_FILES}")


def main():
    parser = argparse.ArgumentParser(prog="script/conformance placement", description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="names of files, without .yaml; all if none is named")
    parser.add_argument("--simulated", action="store_true", help="against a simulated cloud, as always here")
    parser.add_argument("--at-least", type=int, default=1, metavar="N", help="fewer passed tests are a failure (%(default)s)")
    parser.add_argument("--mariadb", action="store_true", help="the databases are in a private MariaDB")
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        server = None
        if args.mariadb:
            server = stack.enter_context(cloud.MariaDb(stack.enter_context(cloud.scratch("mariadb"))))
        rows = run(server=server, only={path.stem for path in args.files})
    passed = sum(outcome == "passed" for outcome, _, _ in rows)
    if passed < args.at_least:
        rows.append(("failed", "placement", f"only {passed} passed, {args.at_least} must"))
    for outcome, test, reason in rows:
        if outcome == "failed":
            print(f"  {outcome}  {test}  {reason[:300]}")
    print(f"{OUT / 'placement.tsv'}\nplacement: {results.summary(rows)}")
    return 1 if any(row[0] == "failed" for row in rows) else 0


if __name__ == "__main__":
    cloud.program("script/conformance placement", main)
