"""A file system whose power can be cut: ext4 in a file, on a loop device.

The cut is the file system's own shutdown (what `xfs_io -x -c shutdown` asks for), without a flush of the journal: from
that instant nothing reaches the image any more, all writing fails, and what was only in the page cache is gone once it
is unmounted. Mounting it again replays the journal, as after a real cut. What this does not show is a disk that loses
writes it had taken but not flushed: the image keeps every block that ext4 has sent.

Everything is mounted in a mount namespace of the calling process, which scripts/powercut makes: nobody else sees it,
and with the last process in it mounts and loop devices go, however the run ends.
"""
import fcntl
import os
import struct
import subprocess
import time
import uuid

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
# Nothing but a sync brings anything to the image within a cycle: not the journal's own commit every 5 seconds, and not
# ext4's guess that who truncates a file, writes and closes it forgot to sync it.
OPTIONS = "loop,commit=300,noauto_da_alloc,noatime"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Unavailable(Exception):
    """This machine cannot make such a volume."""


def _command(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{words[0]}: {(done.stderr or done.stdout).strip()}")


class Volume:
    """Mounted at `path` between `make` and `close`."""

    def __init__(self, folder, size):
        self.image, self.path, self.boot = folder / "disk.img", folder / "disk", folder / "boot_id"
        self.size = size
        self.mounted = self.boot_hidden = False

    def make(self):
        with open(self.image, "wb") as image:
            image.truncate(self.size)
        _command("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.image)
        self.path.mkdir()
        self._mount()
        self._pretend_boot()
        _command("mount", "--bind", self.boot, BOOT_ID)
        self.boot_hidden = True

    def _mount(self):
        _command("mount", "-o", OPTIONS, self.image, self.path)
        self.mounted = True

    def _unmount(self):
        end = time.monotonic() + 10
        while True:
            try:
                _command("umount", self.path)
                self.mounted = False
                return
            except Unavailable:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def _pretend_boot(self):
        """A machine has another boot id after a power cut, and the daemon trusts unsynced bytes only within a boot."""
        self.boot.write_text(f"{uuid.uuid4()}\n")

    def cut(self):
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def remount(self):
        """The power comes back. Whoever had files open there must be gone."""
        self._unmount()
        self._pretend_boot()
        self._mount()

    def close(self):
        if self.mounted:
            self._unmount()
        if self.boot_hidden:
            _command("umount", BOOT_ID)
