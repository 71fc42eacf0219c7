"""Where a fault strikes: a system call, what happens to it, and which of its calls; and how such points are chosen."""
import collections
import dataclasses
import random
import re

# Calls before which the daemon is killed.
KILLS = """write pwrite64 writev fdatasync fsync rename renameat renameat2 linkat unlink unlinkat sendto sendmsg openat
ftruncate fallocate mkdir mkdirat close copy_file_range recvfrom recvmsg read pread64 accept4 connect socket epoll_ctl
epoll_wait flock fchmod newfstatat fcntl mmap getdents64 shutdown clone3 bind listen sync_file_range statfs
ioctl lseek poll""".split()

# Errors that the kernel may give. `close` is not among them: strace skips the call, and the descriptor would stay open.
# Nor is `epoll_ctl`: that it fails for a descriptor which is already watched does not happen.
ERRORS = {
    "write": "EIO ENOSPC EINTR", "pwrite64": "EIO ENOSPC EDQUOT EINTR", "fdatasync": "EIO ENOSPC EINTR",
    "fsync": "EIO ENOSPC EINTR", "ftruncate": "EIO ENOSPC EINTR", "fallocate": "EIO ENOSPC EINTR EOPNOTSUPP",
    "rename": "EIO ENOSPC", "renameat2": "EIO ENOSPC", "linkat": "EIO ENOSPC", "unlink": "EIO EBUSY",
    "unlinkat": "EIO EBUSY", "openat": "EMFILE ENFILE EIO ENOSPC EINTR ENOMEM", "mkdir": "EIO ENOSPC",
    "mkdirat": "EIO ENOSPC", "copy_file_range": "EIO ENOSPC EINTR EXDEV", "pread64": "EIO EINTR", "read": "EIO EINTR",
    "socket": "EMFILE ENFILE ENOBUFS", "accept4": "EMFILE ENFILE EINTR ECONNABORTED ENOMEM", "epoll_wait": "EINTR",
    "poll": "EINTR", "connect": "EINTR ECONNREFUSED ENETUNREACH ETIMEDOUT", "recvfrom": "EINTR ECONNRESET",
    "recvmsg": "EINTR ECONNRESET", "sendto": "EINTR ECONNRESET EPIPE ENOBUFS",
    "sendmsg": "EINTR ECONNRESET EPIPE ENOBUFS", "newfstatat": "EIO ENOMEM", "mmap": "ENOMEM",
    "flock": "EINTR ENOLCK", "fcntl": "ENOLCK EINTR", "statfs": "EIO", "getdents64": "EIO",
    "fchmod": "EIO EPERM", "sync_file_range": "EIO", "lseek": "EIO", "bind": "EADDRINUSE", "listen": "EADDRINUSE",
    "eventfd2": "EMFILE", "pipe2": "EMFILE", "timerfd_create": "EMFILE", "epoll_create1": "EMFILE", "clone3": "EAGAIN",
}
# A fetch is tried again after a second, then two, then four, and four threads count for themselves: one call of each makes
# a burst, and a longer one would only be waited for.
SLOW_TO_RETRY = {"openat", "pwrite64", "ftruncate", "rename", "fallocate", "newfstatat", "pread64", "mkdir", "lseek",
                 "flock", "unlink", "fdatasync", "fsync", "connect", "statfs", "recvfrom", "read", "sendto", "sendmsg", "write"}

# Calls that are counted and struck on a group of files alone (strace -P). Else the program's loading, and SQLite, would
# make so many of them that those on a video never had a number of their own; and to a pipe a write does not fail.
ON_FILES = {"write", "read", "openat", "newfstatat", "close", "pread64", "pwrite64", "fdatasync", "ftruncate", "unlink"}
GROUPS = ("store", "videos")


@dataclasses.dataclass(frozen=True)
class Point:
    scene: str    # see faults_scene
    group: str    # of files; empty: calls on anything
    syscall: str
    fault: str    # `signal=KILL` or `error=EIO`
    first: int    # of the calls that are struck, counted by strace in each thread for itself
    last: int

    def __str__(self):
        return "/".join(part for part in (self.scene, self.group, self.inject) if part)

    @property
    def kills(self):
        return self.fault == "signal=KILL"

    @property
    def inject(self):
        when = f"{self.first}..{self.last}" if self.last > self.first else str(self.first)
        return f"{self.syscall}:{self.fault}:when={when}"

    @property
    def key(self):
        return (self.group, self.syscall, self.fault, self.first)

    @staticmethod
    def parse(text):
        pattern = r"(?:(fresh|resume)/)?(?:(store|videos)/)?(\w+):((?:error|signal)=\w+):when=(\d+)(?:\.\.(\d+))?"
        match = re.fullmatch(pattern, text)
        if not match:
            raise ValueError(f"not a point: {text}")
        scene, group, syscall, fault, first, last = match.groups()
        return Point(scene or "fresh", group or "", syscall, fault, int(first), int(last or first))


def count_calls(log, config_file, names):
    """{syscall: (first, last)}: the calls of `names` worth striking, from a strace log of a run without faults.

    The last is the most that one thread makes; the first is the one after the program's loading, which ends where the
    configuration is opened.
    """
    counts, loading, main = collections.defaultdict(collections.Counter), {}, None
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            match = re.match(r"(\d+) +(\w+)\(", line)
            if not match:
                continue
            thread, syscall = match.groups()
            main = main or thread
            if not loading and syscall == "openat" and config_file in line:
                loading = {name: threads[main] for name, threads in counts.items()}
            counts[syscall][thread] += 1
    return {name: (loading.get(name, 0) + 1, max(threads.values())) for name, threads in counts.items()
            if name in names and max(threads.values()) > loading.get(name, 0)}


def choose(calls_of, kind, only, seed):
    """Every point of a kind, in an order that takes each system call and each error in turn, at random places.

    `calls_of`: {(scene, group): {syscall: (first, last)}}. The same (group, syscall, fault, N) comes in one scene alone.
    """
    draw, lanes, seen = random.Random(f"{seed} {kind}"), collections.defaultdict(list), set()
    for (scene, group), calls in sorted(calls_of.items()):
        for syscall, (first, last) in sorted(calls.items()):
            if only and syscall != only:
                continue
            faults = ["signal=KILL"] if kind == "kill" and syscall in KILLS else []
            if kind == "error":
                faults = [f"error={name}" for name in ERRORS.get(syscall, "").split()]
            for fault in faults:
                for n in range(first, last + 1):
                    slow = syscall in SLOW_TO_RETRY and group != "store"
                    longest = [1] if slow else [1, 2, 3] if group else [1, 2, 4, 8]
                    until = n if kind == "kill" else n + draw.choice(longest) - 1
                    lanes[group, syscall, fault].append(Point(scene, group, syscall, fault, n, until))
    # A pool's threads make few calls each, and what they do is worth the most: low numbers come sooner.
    for lane in lanes.values():
        turn = {point: draw.expovariate(1.0) * (point.first - lane[0].first + 1) ** 0.5 for point in lane}
        lane.sort(key=turn.get, reverse=True)
    order = list(lanes.values())
    draw.shuffle(order)
    while order:
        for lane in order:
            while lane:
                point = lane.pop()
                if point.key not in seen:
                    seen.add(point.key)
                    yield point
                    break
        order = [lane for lane in order if lane]
