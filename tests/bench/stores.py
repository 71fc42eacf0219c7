"""Store files as they are after long use: made once by `bench_fill`, and copied for each run of the daemon."""
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

FILL = os.environ.get("BENCH_FILL", "bench_fill")
PREFIX, SOURCE = "req_", "main"  # as in filling.hpp
DUE_FROM, DUE_UNTIL = 6 * 3600, 30 * 3600  # no poll is due while we measure


def fill(path, count, *what):
    done = subprocess.run([FILL, "--store", str(path), "--count", str(count), *map(str, what)], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout) if done.stdout else None


class Stores:
    """The filled files, in a folder on a disk."""

    def __init__(self, folder, tasks, ids):
        self.folder = pathlib.Path(folder)
        self.tasks, self.ids = tasks, ids
        self.files = {"waiting": self.folder / "waiting.db", "ids": self.folder / "ids.db"}
        fill(self.files["waiting"], tasks, "waiting", "--due-from", DUE_FROM, "--due-until", DUE_UNTIL)
        fill(self.files["ids"], ids, "ids")

    def bytes_each(self, kind):
        return self.files[kind].stat().st_size / {"waiting": self.tasks, "ids": self.ids}[kind]

    @contextlib.contextmanager
    def copy(self, kind):
        """A copy that may be changed, on stable storage and out of memory; of `empty`: no file yet."""
        place = self.folder / "copy"
        place.mkdir()
        path = place / "seedhook.db"
        try:
            if kind != "empty":
                shutil.copyfile(self.files[kind], path)
                path.chmod(0o600)
                forget_pages(path)
            yield path
        finally:
            shutil.rmtree(place)


def forget_pages(path):
    """Nothing of the file is in memory afterwards, as after a boot."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_through(path):
    """The whole file is in memory afterwards, as after a while: brought in page by page, as the daemon's own looks do."""
    with open(path, "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        while file.read(4096):
            pass


def tasks_done(path):
    """How many done tasks the store counts, beside a daemon that runs."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT coalesce(max(value), 0) FROM counters WHERE name = 'stage:done'").fetchone()[0]
