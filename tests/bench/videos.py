"""Videos for scripts/bench deliver: valid MP4 files, all different, of a given size."""
import filecmp
import os
import shutil
import struct

PIECE = 1 << 20


def _box(kind, payload):
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def write_video(path, size):
    """`ftyp`, `moov`, and an `mdat` of noise."""
    head = _box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2") + _box(b"moov", bytes(100))
    with open(path, "wb") as file:
        file.write(head + struct.pack(">I4s", size - len(head), b"mdat"))
        while (left := size - file.tell()) > 0:
            file.write(os.urandom(min(PIECE, left)))


class Videos:
    """`count` videos in a folder of their own, which goes with the block; in memory, as they have just been written."""

    def __init__(self, folder, count, size):
        self.folder, self.count, self.size = folder, count, size
        self.ids = [f"req_bench_{number:04}" for number in range(count)]

    def __enter__(self):
        self.folder.mkdir()
        for request_id in self.ids:
            write_video(self.folder / self.name(request_id), self.size)
        os.sync()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    @staticmethod
    def name(request_id):
        return f"{request_id}.mp4"

    @property
    def names(self):
        return [self.name(request_id) for request_id in self.ids]

    @property
    def mib(self):
        return self.count * self.size / (1 << 20)

    def check(self, folder):
        """They are all there, and right."""
        _, differing, failed = filecmp.cmpfiles(self.folder, folder, self.names, shallow=False)
        assert not differing and not failed, f"wrong files: {differing} {failed}"
