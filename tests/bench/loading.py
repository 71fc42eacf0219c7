"""Putting a server under the load of `bench_load`."""
import json
import os
import subprocess

LOAD = os.environ.get("BENCH_LOAD", "bench_load")
SERVER_CORE, CLIENT_CORE = (sorted(os.sched_getaffinity(0)) * 2)[:2]


def load(peer, authority, *more):
    """What `bench_load` prints, as a dictionary; a wrong answer ends the benchmark."""
    command = ["taskset", "-c", str(CLIENT_CORE), LOAD, "--port", peer.port, "--ca-file", authority.ca, "--expect",
               peer.expected, "--watch", *peer.pids(), *more]
    if hasattr(peer, "video_url"):
        command += ["--video-url", peer.video_url]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{peer.name}: {done.stderr}")
    result = json.loads(done.stdout)
    if result["wrong"]:
        raise SystemExit(f"{peer.name}: {result['wrong']} wrong answers\n{done.stderr}")
    return result
