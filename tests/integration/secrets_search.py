"""Secrets that are planted in a configuration, and the search for them in everything that a daemon shows or leaves."""
import base64
import contextlib
import os
import pathlib
import secrets


class Plants:
    """Values nobody else has, by the place they are planted in."""

    def __init__(self):
        self.values = {}

    def __call__(self, place):
        return self.values.setdefault(place, f"{secrets.token_hex(16)}-{place.replace(' ', '-')}")

    def webhook_key(self, place):
        """One as Standard Webhooks writes it: what is planted is also looked for undecoded."""
        text = "whsec_" + base64.b64encode(self(place).encode()).decode()
        self.values[place + " as written"] = text.removeprefix("whsec_")
        return text


def spellings(value):
    """How it might be written somewhere, or the beginning of it: what is cut short is told, too."""
    raw = value.encode()[:16]
    yield from {raw, raw.hex().encode(), raw[::-1]}
    for shift in range(3):  # base64 of it, wherever it begins within a longer text
        yield base64.b64encode(b"x" * shift + raw)[4 if shift else 0:-4]


class Search:
    """What was looked at, and what was found: [(place of the plant, where)]."""

    def __init__(self, plants, but=()):
        self.wanted = {place: list(spellings(value)) for place, value in plants.values.items() if place not in but}
        self.found, self.looked_at = [], set()

    def look(self, where, data):
        if data:
            self.looked_at.add(where)
        for place, texts in self.wanted.items():
            if (place, where) not in self.found and any(text in data for text in texts):
                self.found.append((place, where))

    def look_at_files(self, where, folder):
        for file in sorted(pathlib.Path(folder).rglob("*")):
            if file.is_file():
                self.look(where, file.read_bytes())

    def look_at_process(self, where, pid):
        for what in ("environ", "cmdline"):
            with contextlib.suppress(OSError):  # it may be over
                self.look(f"{what} of {where}", pathlib.Path(f"/proc/{pid}/{what}").read_bytes())


def descendants(pid):
    """[(pid, command line)] of what it has started, and what that has."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            parents[int(entry)] = int(pathlib.Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
    below, wave = [], [pid]
    while wave:
        wave = [child for child, parent in parents.items() if parent in wave]
        below += wave
    with_line = []
    for child in below:
        with contextlib.suppress(OSError):
            with_line.append((child, pathlib.Path(f"/proc/{child}/cmdline").read_bytes()))
    return with_line
