"""What a directory sink shows to the world, and what may be seen there at any time.

The sink makes its files in `.seedhook-staging` below its folder and renames them once they are whole and synced. A
watcher of the folder sees that hidden folder come and final names appear; one that looks below it sees names without
the extension of a video. So whatever else is called `*.mp4`, or lies in the folder, is a fault.
"""
import re

import harness
import origin

STAGING = ".seedhook-staging"


class DirectoryOutput:
    def __init__(self, folder, link=True):
        """`link`: the sink may share the spool's file."""
        self.folder, self.link, self.name = folder, link, folder.name
        self.right = {}  # names of files that were read and found right, with what tells a change

    def sink(self):
        """The daemon's configuration of it."""
        return {"name": self.name, "type": "directory", "path": str(self.folder), "file": "{requestId}.{ext}",
                "link": self.link, "concurrency": 16, "retry": {"min_delay": "100ms", "max_delay": "1s"}}

    def make(self):
        self.folder.mkdir(parents=True)

    def stop(self):
        pass

    def doubt(self, began, ended):
        pass

    def has(self, entry):
        """There is a file under its final name."""
        return (self.folder / f"{entry.request_id}.mp4").is_file()

    def was_right(self, entry):
        """At the last check, and so before the daemon's present life."""
        return f"{entry.request_id}.mp4" in self.right

    def check(self, entries, findings, afresh=False):
        """Every visible file is whole and right. `afresh`: reads those again that were right before."""
        seen = {}
        for file in self.folder.iterdir():
            status = file.lstat()
            mark = (status.st_ino, status.st_size, status.st_mtime_ns)
            if file.name == STAGING:
                self._check_staging(file, findings)
            elif not afresh and self.right.get(file.name) == mark or self._check_file(file, entries, findings):
                seen[file.name] = mark
        for name in self.right.keys() - seen.keys():
            if not (self.folder / name).exists():
                findings.add("lost", name, "the file was there, and is gone")
        self.right = seen

    @staticmethod
    def _check_staging(folder, findings):
        for file in folder.rglob("*.mp4"):
            findings.add("stray", f"{STAGING}/{file.name}", "looks like a video")

    @staticmethod
    def _check_file(file, entries, findings):
        entry = entries.get(file.stem)
        if entry is None or file.suffix != ".mp4":
            again = re.fullmatch(r"(.+)-\d+\.mp4", file.name)
            second = again and again[1] in entries
            findings.add("second" if second else "stray", file.name, f"{file.lstat().st_size} bytes")
            return False
        if not entry.wants_video:
            findings.add("stray", file.name, f"the task has {entry.status}")
            return False
        if file.is_symlink() or not file.is_file():
            findings.add("stray", file.name, "not a regular file")
            return False
        if harness.sha256_file(file) == origin.sha256_of(entry.request_id):
            return True
        size, whole = file.stat().st_size, origin.size_of(entry.request_id)
        front = origin.content(entry.request_id).startswith(file.read_bytes())
        zeros = not file.read_bytes().strip(b"\0")
        findings.add("partial" if front or zeros else "wrong", file.name,
                     f"{size} bytes{' of zeros' if size and zeros else ''}, of {whole}")
        return False

    def left_over(self):
        """What a daemon at rest has left in its own folder."""
        return [str(path.relative_to(self.folder)) for path in (self.folder / STAGING).rglob("*")]

    def rows(self):
        yield f"right files in {self.name}", len(self.right), ""
