"""The same job as seedhook's by the usual tools: fetch, hash, sync; then, for S3, upload and remove. Eight videos at a time.

rclone is asked through its own daemon, so that it is not charged for starting 500 times. The others are processes.
"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import threading
import time

import bucket
import peers
from peers import harness

AT_A_TIME = 8
# Nothing else: proxies, authorities and accounts of whoever runs this are not the tools' here; and Debian's programs.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a living process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_kib(pid):
    """The most memory that the process ever had; 0 when it has ended."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


class Programs:
    """Programs that are run and waited for, on the given cores: the processor time they took, and the most memory that
    those at one time took together. (wait4's ru_maxrss would be no less than Python's own.)"""

    def __init__(self, cores, log, environment, others=()):
        self.cores, self.log, self.environment, self.others = cores, log, {**ENVIRONMENT, **environment}, list(others)
        self.lock = threading.Lock()
        self.running, self.cpu, self.peak_kib, self.over = set(), 0.0, 0, threading.Event()

    def __enter__(self):
        self.watcher = threading.Thread(target=self._watch)
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()

    def _watch(self):
        while not self.over.wait(0.01):
            with self.lock:
                running = [*self.running, *self.others]
            self.peak_kib = max(self.peak_kib, sum(map(peak_kib, running)))

    def run(self, *command):
        command = list(map(str, command))
        program = shutil.which(command[0], path=ENVIRONMENT["PATH"])
        to_log = [(os.POSIX_SPAWN_DUP2, self.log.fileno(), n) for n in (1, 2)]
        with self.lock:
            pid = os.posix_spawn(program, command, self.environment, file_actions=to_log)
            self.running.add(pid)
        os.sched_setaffinity(pid, self.cores)
        _, status, usage = os.wait4(pid, 0)
        with self.lock:
            self.running.remove(pid)
            self.cpu += usage.ru_utime + usage.ru_stime
        if status != 0:
            raise SystemExit(f"{' '.join(command)} failed: see {self.log.name}\n"
                             f"{pathlib.Path(self.log.name).read_text()[-2000:]}")


class Tools:
    """One run over all videos, into `out`, and from there to S3 when `to_s3`."""

    def __init__(self, folder, authority, cores, origin, to_s3):
        self.folder, self.ca, self.cores, self.origin, self.to_s3 = folder, authority.ca, cores, origin, to_s3
        self.out = folder / "out"

    def measure(self, videos):
        self.out.mkdir()
        try:
            with open(self.folder / f"{self.name}.log", "ab") as log:
                figures = self._measure(videos, log)
            if not self.to_s3:
                videos.check(self.out)
            return figures
        finally:
            shutil.rmtree(self.out)

    def _measure(self, videos, log):
        with self.service() as service, Programs(self.cores, log, self.environment(), service.watched) as programs:
            before, began = service.cpu(), time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
                list(pool.map(lambda name: self.one(service, programs, name), videos.names))
            self.all(programs)
            wall = time.monotonic() - began
            cpu = programs.cpu + service.cpu() - before
        return {"wall": wall, "cpu": cpu, "rss": programs.peak_kib / 1024}

    def one(self, service, programs, name):
        file = self.out / name
        self.fetch(service, programs, name, file)
        programs.run("sha256sum", file)
        programs.run("sync", file, self.out)
        if self.to_s3 and self.upload(service, name):
            file.unlink()

    def all(self, programs):
        """What is done once all videos are there."""

    def service(self):
        return NoService()


class NoService:
    watched = ()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @staticmethod
    def cpu():
        return 0.0


class Curl(Tools):
    """curl for each video; then one `aws s3 cp` for all, as it starts slowly."""

    name = "curl"

    def environment(self):
        return {"AWS_ACCESS_KEY_ID": bucket.KEY_ID, "AWS_SECRET_ACCESS_KEY": bucket.SECRET_KEY, "AWS_REGION": bucket.REGION,
                "AWS_CA_BUNDLE": self.ca, "AWS_CONFIG_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"}

    def fetch(self, _, programs, name, file):
        programs.run("curl", "-sSf", "--cacert", self.ca, "-o", file, self.origin.url(name))

    @staticmethod
    def upload(*_):
        return False

    def all(self, programs):
        if self.to_s3:
            programs.run("aws", "s3", "cp", "--recursive", "--only-show-errors", "--endpoint-url", self.origin.s3_url,
                         self.out, f"s3://{bucket.BUCKET}/")


class Rclone(Tools):
    """copyurl and, to S3, copyto, with default settings."""

    name = "rclone"

    @staticmethod
    def environment():
        return {}

    def service(self):
        return RcloneDaemon(self.folder, self.ca, self.cores, self.origin)

    def fetch(self, service, _, name, file):
        service.ask("operations/copyurl", fs=str(self.out), remote=name, url=self.origin.url(name))

    def upload(self, service, name):
        service.ask("operations/copyfile", srcFs=str(self.out), srcRemote=name, dstFs=f"s3:{bucket.BUCKET}", dstRemote=name)
        return True


class RcloneDaemon(peers.Peer):
    def __init__(self, folder, ca, cores, origin):
        port = harness.free_port()
        remote = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": origin.s3_url, "REGION": bucket.REGION,
                  "ACCESS_KEY_ID": bucket.KEY_ID, "SECRET_ACCESS_KEY": bucket.SECRET_KEY, "NO_CHECK_BUCKET": "true"}
        settings = {**ENVIRONMENT, "RCLONE_CONFIG": "/dev/null", **{f"RCLONE_CONFIG_S3_{key}": remote[key] for key in remote}}
        environment = [f"{key}={value}" for key, value in settings.items()]
        super().__init__("rclone", ["env", "-i", *environment, "rclone", "rcd", "--rc-no-auth", "--rc-addr", f"127.0.0.1:{port}",
                                    "--ca-cert", ca], port, folder, ",".join(map(str, cores)))

    def ask(self, what, **parameters):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)) as connection:
            connection.request("POST", f"/{what}", json.dumps(parameters), {"Content-Type": "application/json"})
            answer = harness.Answer(connection.getresponse())
        if answer.status != 200:
            raise SystemExit(f"rclone: {what}: {answer.body.decode()}")

    @property
    def watched(self):
        return [self.process.pid]

    def cpu(self):
        return cpu_seconds(self.process.pid)
