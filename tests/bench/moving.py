"""One video from the spool into a sink's folder: on the same file system, and from another one beside `cp` and `sync`."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import table
from videos import write_video

PLACE = os.environ.get("BENCH_PLACE", "bench_place")
MEMORY = pathlib.Path("/dev/shm")


class Moved:
    def __init__(self, mib):
        self.mib, self.near_ms, self.linked, self.far_ms, self.copy_ms = mib, [], False, [], []

    def show(self):
        print(f"moving {self.mib} MiB on one file system: {statistics.median(self.near_ms):.1f} ms"
              f"{', as a hard link' if self.linked else ''}; from another: " +
              (f"{statistics.median(self.far_ms):.0f} ms, by cp and sync {statistics.median(self.copy_ms):.0f} ms"
               if self.far_ms else f"not measured, as {MEMORY} has no room or is the same"))

    def targets(self, most_ms, of_copy):
        yield table.at_most(f"moving {self.mib} MiB on one file system, ms", statistics.median(self.near_ms), most_ms)
        if self.far_ms:
            speed = statistics.median(copy / ours for ours, copy in zip(self.far_ms, self.copy_ms))
            yield table.at_least("moving to another file system, of the speed of cp and sync", speed, of_copy)


def _place(video, into, cores):
    """Delivers the file as to a new sink: nothing else shares it, and its mode is still the spool's."""
    video.chmod(0o600)
    into.mkdir()
    try:
        done = subprocess.run(["taskset", "-c", cores, PLACE, "--video", str(video), "--into", str(into)], check=True,
                              capture_output=True, text=True)
        return json.loads(done.stdout)
    finally:
        shutil.rmtree(into)


def _copy(video, into, cores):
    into.mkdir()
    try:
        began = time.monotonic()
        subprocess.run(["taskset", "-c", cores, "sh", "-c", 'cp "$0" "$1" && sync "$1" "$2"', str(video),
                        str(into / video.name), str(into)], check=True)
        return (time.monotonic() - began) * 1000
    finally:
        shutil.rmtree(into)


def measure(folder, size, rounds, cores):
    moved, cores = Moved(size >> 20), ",".join(map(str, cores))
    near = folder / "spool" / "req_bench.mp4"
    near.parent.mkdir()
    write_video(near, size)
    os.sync()
    for _ in range(max(rounds, 3)):
        told = _place(near, folder / "moved", cores)
        moved.near_ms.append(told["ms"])
        moved.linked = told["linked"]
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > size + (64 << 20) and MEMORY.stat().st_dev != near.stat().st_dev:
        with tempfile.TemporaryDirectory(prefix="seedhook-bench-", dir=MEMORY) as elsewhere:
            far = pathlib.Path(elsewhere) / near.name
            shutil.move(near, far)
            for number in range(rounds):
                runs = [lambda: moved.far_ms.append(_place(far, folder / "moved", cores)["ms"]),
                        lambda: moved.copy_ms.append(_copy(far, folder / "moved", cores))]
                for run in runs[number % 2:] + runs[:number % 2]:
                    os.sync()
                    run()
    return moved
