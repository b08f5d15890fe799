"""Puts clouds into a person's clouds.yaml, or takes them out, and leaves everything else in the file as it is.

`clouds.py merge FILE OWNER` reads the clouds to put from standard input; `clouds.py remove FILE OWNER` takes out those
that a merge with the same OWNER (a state folder) has put. The file is edited as text, so that comments, order and
quotes stay; a form that cannot be edited so is refused and nothing is written. Run it as the person whose file it is.
"""

import os
import pathlib
import re
import sys
import tempfile

MARK = "# by script/up, "
ENTRY = re.compile(r"""^(?P<indent> *)(?P<quote>["']?)(?P<name>[^\s"'#:][^"'#:]*)(?P=quote):(?: |$)""")


class Refused(Exception):
    """The file cannot be edited; why."""


def indent_of(line):
    return len(line) - len(line.lstrip(" "))


def speaks(line):
    """Not blank and not a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def block(lines):
    """(first, end) of the lines below `clouds:`; None if there is no such key."""
    starts = [number for number, line in enumerate(lines) if re.match(r"""["']?clouds["']?\s*:""", line)]
    if not starts:
        return None
    if len(starts) > 1 or any(line.startswith("---") for line in lines[1:]):
        raise Refused("it holds several documents, or `clouds` twice")
    value = re.sub(r"\s#.*", "", lines[starts[0]].partition(":")[2]).strip()
    if value in ("{}", "~", "null"):
        lines[starts[0]] = "clouds:"
    elif value:
        raise Refused(f"`clouds` is written in one line: {lines[starts[0]].strip()!r}")
    first = end = starts[0] + 1
    for number in range(first, len(lines)):
        if speaks(lines[number]):
            if lines[number].lstrip(" ").startswith("\t"):
                raise Refused(f"line {number + 1} is indented by a tab")
            if indent_of(lines[number]) == 0:
                break
            end = number + 1
    return first, end


def entries(lines, first, end):
    """name -> (first, end) of the lines of each cloud, and how far clouds are indented."""
    spoken = [number for number in range(first, end) if speaks(lines[number])]
    if not spoken:
        return {}, 2
    indent = indent_of(lines[spoken[0]])
    found, name, begin = {}, None, None
    for number in spoken:
        if indent_of(lines[number]) > indent:
            last = number + 1
            continue
        match = ENTRY.match(lines[number])
        if not match or indent_of(lines[number]) < indent:
            raise Refused(f"line {number + 1} is no cloud's name: {lines[number].strip()!r}")
        if name:
            found[name] = (begin, last)
        name, begin, last = match["name"].strip(), number, number + 1
    found[name] = (begin, last)
    return found, indent


def merged(text, new, owner):
    """The text with the clouds of the text `new` in it, each in the place of its namesake or at the end."""
    lines, source = text.splitlines(), new.splitlines()
    span = block(source)
    if span is None:
        raise Refused("there are no clouds to put")
    clouds, from_indent = entries(source, *span)
    for name, (begin, end) in clouds.items():
        span = block(lines)
        if span is None:
            lines += [""] * bool(lines and lines[-1].strip()) + ["clouds:"]
            span = (len(lines), len(lines))
        there, indent = entries(lines, *span)
        body = [" " * (indent + indent_of(line) - from_indent) + line.lstrip() for line in source[begin:end]]
        body[0] = f"{body[0].split(' #')[0].rstrip()}  {MARK}{owner}"
        old_begin, old_end = there.get(name, (span[1], span[1]))
        lines[old_begin:old_end] = body
    return "\n".join(lines) + "\n"


def without(text, owner):
    """The text without the clouds that `merged` put there for this owner."""
    lines = text.splitlines()
    span = block(lines)
    if span is None:
        return text
    there, _ = entries(lines, *span)
    for begin, end in sorted(there.values(), reverse=True):
        if lines[begin].endswith(f"{MARK}{owner}"):
            del lines[begin:end]
    span = block(lines)
    if not any(speaks(line) for line in lines[span[0]:span[1]]):
        lines[span[0] - 1] = "clouds: {}"
    return "\n".join(lines) + "\n"


def check(before, after, changed):
    """Reads both as YAML, where Python can, and makes sure that only the named clouds differ."""
    try:
        import yaml
    except ImportError:
        return
    try:
        old, new = yaml.safe_load(before) or {}, yaml.safe_load(after) or {}
    except yaml.YAMLError as error:
        raise Refused(f"it is no YAML: {error}") from error
    for document in (old, new):
        clouds = document["clouds"] = document.get("clouds") or {}
        for name in changed:
            clouds.pop(name, None)
    if old != new:
        raise Refused("editing it would change other clouds")


def write(path, text):
    """A reader sees the old file or the new one; only its owner reads it, as it holds passwords."""
    path = pathlib.Path(os.path.realpath(path))   # a link stays a link
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o700 if path.exists() else 0o600
    handle, draft = tempfile.mkstemp(prefix=".clouds.", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, mode)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def main(action, file, owner):
    path = pathlib.Path(file)
    text = path.read_text() if path.exists() else ""
    try:
        if action == "merge":
            source = sys.stdin.read()
            result, changed = merged(text, source, owner), entries(source.splitlines(), *block(source.splitlines()))[0]
        else:
            result = without(text, owner)
            lines = text.splitlines()
            there = entries(lines, *block(lines))[0] if block(lines) else {}
            changed = [name for name, (begin, _) in there.items() if lines[begin].endswith(f"{MARK}{owner}")]
        check(text, result, changed)
        # What the file itself holds must survive being found again.
        if action == "merge" and set(changed) - set(entries(result.splitlines(), *block(result.splitlines()))[0]):
            raise Refused("the clouds cannot be found again after the edit")
    except Refused as error:
        sys.exit(f"{path} stays as it is: {error}")
    if result != text and (text or action == "merge"):
        write(path, result)
        print("changed")


if __name__ == "__main__":
    main(*sys.argv[1:])
