"""Disks that get into trouble: small ext4 file systems in files, on loop devices. Needs root, and says so where it cannot.

They are mounted in a mount namespace of this process, so nobody else sees them, and with its last program they go.
"""
import contextlib
import ctypes
import os
import subprocess
import time

import pytest

CLONE_NEWNS = 0x20000
SIZE = 32 << 20
INODES = 128


def command(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{words[0]}: {(done.stderr or done.stdout).strip()}")


def be_alone():
    """From now on nobody else sees what this process mounts."""
    if os.geteuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError("it needs root, and a mount namespace of its own")
    command("mount", "--make-rprivate", "/")


class Disk:
    def __init__(self, folder, name):
        self.image, self.path = folder / f"{name}.img", folder / name
        with open(self.image, "wb") as image:
            image.truncate(SIZE)
        command("mkfs.ext4", "-q", "-F", "-N", INODES, "-m", 0, self.image)
        self.path.mkdir()
        command("mount", "-o", "loop", self.image, self.path)

    def close(self):
        command("umount", "--lazy", self.path)

    # Each is a trouble, as long as its `with` lasts.

    @contextlib.contextmanager
    def full(self):
        hog = self.path / "hog"
        self._fill(hog)
        yield
        hog.unlink()

    @staticmethod
    def _fill(file):
        with open(file, "ab", buffering=0) as hog:
            for size in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while hog.write(bytes(size)) == size:
                        pass

    @contextlib.contextmanager
    def out_of_inodes(self):
        folder = self.path / "crumbs"
        folder.mkdir()
        made = []
        with contextlib.suppress(OSError):
            while True:
                (folder / str(len(made))).touch()
                made.append(folder / str(len(made)))
        yield
        for crumb in made:
            crumb.unlink()
        folder.rmdir()

    @contextlib.contextmanager
    def read_only(self):
        self._remount("ro")
        yield
        self._remount("rw")

    def _remount(self, how):
        end = time.monotonic() + 10
        while True:
            try:
                return command("mount", "-o", f"remount,{how}", self.path)
            except OSError:  # somebody is just writing there
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    @contextlib.contextmanager
    def unchangeable(self):
        """What is there may not be written to, whoever has it open: a file system cannot become read-only below those."""
        files = [file for file in self.path.iterdir() if file.is_file() and not file.name.endswith("-shm")]
        command("chattr", "+i", *files)
        yield
        command("chattr", "-i", *files)

    @contextlib.contextmanager
    def standing_still(self):
        """All writing waits, as on a disk that does not answer."""
        command("fsfreeze", "--freeze", self.path)
        try:
            yield
        finally:
            command("fsfreeze", "--unfreeze", self.path)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    try:
        be_alone()
        Disk(tmp_path_factory.mktemp("disks"), "trial").close()
    except OSError as why:
        pytest.skip(f"NOT TESTED: disks in trouble cannot be made here: {why}")


@pytest.fixture
def disk(alone, folder):  # pylint: disable=unused-argument
    """Makes one of that name in the test's folder."""
    made = []

    def make(name):
        made.append(Disk(folder, name))
        return made[-1]

    yield make
    for each in made:
        each.close()
