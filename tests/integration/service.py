"""Stands in for systemd: hears what a daemon says of itself, and holds the daemon's sockets. Import its fixtures by name."""
import fcntl
import pathlib
import socket
import sys
import threading
import time

import pytest

import harness

# Becomes the daemon, as the process that the variables name. `{}`: further lines.
BECOME = "import os, sys\nos.environ.update(WATCHDOG_PID=str(os.getpid()), LISTEN_PID=str(os.getpid()))\n{}os.execv(sys.argv[1], sys.argv[1:])"


class Manager:
    """A notification socket, and every message that came to it with its time."""

    def __init__(self, address):
        self.address = str(address)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.address.replace("@", "\0", 1) if self.address.startswith("@") else self.address)
        self.heard = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            text = self.socket.recv(4096).decode()
            self.heard.append((time.monotonic(), dict(line.split("=", 1) for line in text.splitlines())))

    def count(self, name):
        return sum(name in message for _, message in list(self.heard))

    def wait_for(self, name, count=1, limit=None):
        """The message that is the `count`th to have that name."""
        harness.wait_until(lambda: self.count(name) >= count, f"message {count} of {name}; heard {self.heard[-5:]}", limit)
        return [message for _, message in list(self.heard) if name in message][count - 1]

    def quiet_for(self, name):
        """Seconds since the last message of that name."""
        return time.monotonic() - max((at for at, message in list(self.heard) if name in message), default=0)

    def environment(self, watchdog=None):
        return {"NOTIFY_SOCKET": self.address, **({"WATCHDOG_USEC": str(int(watchdog * 1e6))} if watchdog else {})}


def becoming(sockets=()):
    """The wrapper of a daemon (see harness.Daemon) that a service manager would start, with these sockets."""
    moves = "".join(f"os.dup2({s.fileno()}, {fd})\n" for fd, s in enumerate(sockets, 3))
    handed = f"os.environ['LISTEN_FDS'] = '{len(sockets)}'\n" if sockets else ""
    return (sys.executable, "-ISc", BECOME.format(moves + handed))


def holding_a_port():
    """A listening socket that lives on while daemons come and go. Its number is no one's that is handed over."""
    port = harness.free_port()
    with socket.create_server(("127.0.0.1", port), backlog=4096) as made:
        return socket.socket(fileno=fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, 10)), port


def hang(folder, call):
    """Has that call hang in a daemon with preload/hanging_calls.cpp, until the file that is returned is removed."""
    file = pathlib.Path(folder) / call
    file.touch()
    return file


@pytest.fixture
def manager(folder):
    return Manager(folder / "notify")


@pytest.fixture
def managed(folder, authority, started, manager):
    """Starts a daemon that a service manager has started, and waits until it has said that it is ready."""
    def start(watchdog=None, sockets=(), environment=None, **options):
        ready = manager.count("READY")
        d = started(harness.Daemon(folder, authority, wrapper=becoming(sockets), sockets=sockets,
                                   environment={**manager.environment(watchdog), **(environment or {})}, **options))
        manager.wait_for("READY", ready + 1)
        return d

    return start
