"""The tables of docs/logging.md, and what the source and the daemon write, held against them."""
import functools
import json
import pathlib
import re

PROJECT = pathlib.Path(__file__).resolve().parents[2]
ALWAYS = {"time", "level", "message"}


@functools.cache
def documented():
    """{message: (levels, fields)}"""
    table = {}
    for line in (PROJECT / "docs/logging.md").read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| `([^`]+)` \| ([a-z, ]+) \|([^|]*)\|", line)
        if row:
            table[row[1]] = (set(row[2].split(", ")), set(re.findall(r"`(\w+)`", row[3])))
    return table


def complaint(line):
    """What is wrong with a line of the daemon's log in JSON; nothing when it is as documented."""
    try:
        said = json.loads(line)
    except ValueError:
        return "not JSON"
    if not ALWAYS <= said.keys():
        return "without " + ", ".join(ALWAYS - said.keys())
    if said["message"] not in documented():
        return "its message is in no table of docs/logging.md"
    levels, fields = documented()[said["message"]]
    if said["level"] not in levels:
        return f"its level is not one of {sorted(levels)}"
    unknown = said.keys() - ALWAYS - fields
    return f"fields that docs/logging.md does not name: {sorted(unknown)}" if unknown else None


def complaints(text):
    """Those about a whole log. Lines of other programs (a sanitizer's, a preloaded library's) begin with no brace, and the
    last line of a killed daemon may have no end."""
    whole = text[:text.rfind("\n") + 1]
    wrong = ((line, complaint(line)) for line in whole.split("\n") if line.startswith("{"))
    return [f"{why}: {line[:300]}" for line, why in wrong if why]


def _arguments(source, at):
    depth, end = 1, at
    while depth:
        depth += {"(": 1, ")": -1}.get(source[end], 0)
        end += 1
    return source[at:end - 1]


def in_source():
    """(file, message, fields) of every call that writes a line and says its message in place."""
    for file in sorted((PROJECT / "src").rglob("*.cpp")):
        if "sandbox" in file.parts or "log" in file.parts:  # a program of its own; the room that writes them
            continue
        source = file.read_text(encoding="utf-8")
        for call in re.finditer(r"(?:log::(?:debug|info|warning|error|write|write_seldom)|complain)\(", source):
            arguments = _arguments(source, call.end())
            before_fields = arguments.partition("{")[0]
            fields = set(re.findall(r'\{"(\w+)",', arguments))
            for message in re.findall(r'"([^"]+)"', before_fields):
                yield file.name, message, fields
        for verdict in re.finditer(r'constexpr verdict \w+\{"\w+", "([^"]+)"\}', source):
            yield file.name, verdict[1], set()
