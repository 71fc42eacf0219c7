"""What must hold, whatever fault struck: judged from outside, by what was answered and what lies on the disk."""
import contextlib
import hashlib
import json
import sqlite3

import origin

_hashes = {}


def right_hash(request_id):
    if request_id not in _hashes:
        _hashes[request_id] = origin.sha256_of(request_id)
    return _hashes[request_id]


def files_of(request_id, status):
    """What a task leaves below the sinks' folders once it is done."""
    if status != "succeeded":
        return {f"archive/{status}/{request_id}.mp4.json"}
    return {f"library/{request_id}.mp4", f"archive/succeeded/{request_id}.mp4",
            f"archive/succeeded/{request_id}.mp4.json"}


class Files:
    """Judges the files below the sinks' folders. What was found right is read again only when it has changed."""

    def __init__(self, folder, tasks):
        """`tasks`: {id: status} of all tasks there can be."""
        self.folder, self.known = folder, {}
        self.expected = {name: request_id for request_id, status in tasks.items()
                         for name in files_of(request_id, status)}

    def problems(self):
        """Files that are not whole, not right, or too many, at any moment."""
        found = []
        for sink in ("library", "archive"):
            for path in sorted((self.folder / sink).rglob("*")):
                name = str(path.relative_to(self.folder))
                if "/." in name or path.is_dir():
                    continue
                if name not in self.expected:
                    found.append(f"a file too many: {name}")
                elif reason := self._wrong(path, self.expected[name]):
                    found.append(f"{reason}: {name}")
        return found

    def missing(self):
        return [f"a missing file: {name}" for name in sorted(self.expected) if not (self.folder / name).exists()]

    def _wrong(self, path, request_id):
        seen = path.stat()
        mark = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        if self.known.get(path) == mark:
            return None
        data = path.read_bytes()
        if path.suffix == ".json":
            with contextlib.suppress(ValueError):
                if json.loads(data)["requestId"] == request_id:
                    self.known[path] = mark
                    return None
            return "a broken manifest"
        if hashlib.sha256(data).hexdigest() != right_hash(request_id):
            return f"a wrong or partial video ({len(data)} of {origin.size_of(request_id)} bytes)"
        self.known[path] = mark
        return None


def lost(acknowledged, tasks):
    """Acknowledged callbacks whose task is not there, or not settled as told. Both: {id: status}."""
    return [f"acknowledged and lost: {request_id} ({status}; there: {tasks.get(request_id, 'nothing')})"
            for request_id, status in sorted(acknowledged.items()) if tasks.get(request_id) != status]


def wrong_answers(statuses):
    """Answers to good callbacks that are neither 200 nor 503."""
    return [f"a good callback was answered {status}" for status in sorted(set(statuses) - {200, 503})]


def damage(database):
    with contextlib.closing(sqlite3.connect(database)) as db:
        verdict = db.execute("PRAGMA integrity_check(3)").fetchall()
    return [] if verdict == [("ok",)] else [f"the database is damaged: {verdict}"]
