"""What a test run said, as one row per test: passed, failed or skipped, the test, the reason.

As a program (with the suite's own Python, which has the subunit library) it reads a subunit stream and prints its
outcomes as lines; as a module it needs the standard library only.
"""

import re
import sys

# Fixtures of a whole class or module have ids like `setUpClass (tempest.api.image.base.Class)`.
FIXTURE = re.compile(r"^(setUp|tearDown)(Class|Module) \((?P<place>[^)]+)\)$")
OUTCOMES = {"success": "passed", "xfail": "passed", "skip": "skipped"}


def judge(listed, events):
    """Rows for every listed test, in that order, and after them one for each failure outside the listed tests.

    `events` are (id, status, reason) as subunit names them. A class whose fixture skips or fails reports only the
    fixture: its tests take over that outcome. A listed test of which nothing was heard failed.
    """
    heard, fixtures = {}, {}
    for test, status, reason in events:
        outcome = OUTCOMES.get(status, "failed")
        reason = reason if outcome != "passed" else ""
        if outcome == "failed" and not reason:
            reason = f"ended as {status}"
        place = FIXTURE.match(test)
        if place:
            fixtures[place["place"]] = (outcome, test, reason)
        elif heard.get(test, ("",))[0] != "failed":
            heard[test] = (outcome, test, reason)
    rows, explained = [], set()
    for test in listed:
        row = heard.get(test)
        if row is None:
            place = next((place for place in parents(test) if place in fixtures), None)
            if place is None:
                row = ("failed", test, "did not run")
            else:
                outcome, fixture, reason = fixtures[place]
                explained.add(place)
                row = (outcome, test, reason if outcome == "skipped" else f"{fixture}: {reason}")
        rows.append(row)
    known = set(listed)
    rows += [row for test, row in heard.items() if row[0] == "failed" and test not in known]
    rows += [row for place, row in fixtures.items() if row[0] == "failed" and place not in explained]
    return rows


def parents(test):
    """`a.B.test[id]` -> `a.B`, `a`."""
    name = test.split("[")[0]
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def summary(rows):
    count = [row[0] for row in rows].count
    return f"{count('passed')} passed, {count('failed')} failed, {count('skipped')} skipped"


def one_line(text, most=600):
    """Text for a column: no tabs, no line breaks."""
    return " ".join(text.split())[:most]


def cause(traceback):
    """The exception at the end of a traceback: everything after its last indented line."""
    lines = traceback.rstrip().splitlines()
    code = [number for number, line in enumerate(lines) if line.startswith("  ")]
    # `Details: {...}` lines belong to the exception; only source lines under `File` are code.
    source = [number for number in code if lines[number].startswith("  File ")]
    first = source[-1] + 2 if source else 0
    return one_line(" ".join(line for line in lines[first:] if not set(line.strip()) <= set("^~ ")))


def parse(text):
    """The lines that this program printed, as events."""
    return [tuple((line + "\t\t").split("\t")[:3]) for line in text.splitlines()]


def main(path):
    import subunit
    import testtools

    def show(test):
        details = {name: content.as_text() for name, content in test["details"].items()
                   if name == "reason" or name.startswith("traceback")}
        reason = details.pop("reason", "") or cause(details.get("traceback", next(iter(details.values()), "")))
        print(test["id"], test["status"], one_line(reason), sep="\t")

    result = testtools.StreamToDict(show)
    result.startTestRun()
    with open(path, "rb") as stream:
        subunit.ByteStreamToStreamResult(stream, non_subunit_name="stdout").run(result)
    result.stopTestRun()


if __name__ == "__main__":
    main(sys.argv[1])
