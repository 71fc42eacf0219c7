"""Speaking to the control API over TCP as curl, a browser's page or a program that listens would."""
import contextlib
import http.client
import json
import ssl
import time

import harness

TOKEN = "control-token"


class Over:
    """The control API of a daemon at a TCP port."""

    def __init__(self, port=None, token=TOKEN, authority=None):
        self.port, self.token, self.authority = port or harness.free_port(), token, authority

    def settings(self, **more):
        return {"control": {"address": f"127.0.0.1:{self.port}", "token": self.token, **more}}

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def connection(self, timeout=harness.PATIENCE):
        if self.authority:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout,
                                               context=self.authority.client_context())
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, target, method="GET", body=None, **headers):
        """Fields by name, `_` for `-`; None leaves one out that is there otherwise."""
        fields = {"Authorization": f"Bearer {self.token}"}
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        return harness.exchange(self.connection(), method, target, body,
                                {name: value for name, value in fields.items() if value is not None})

    def is_up(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("/readyz").status == 200
        return False


class Listener:
    """An event stream that is read in pieces."""

    def __init__(self, connection, target="/v1/events", headers=None):
        self.connection = connection
        connection.request("GET", target, headers=headers or {})
        self.response = connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self.last_id = None

    def next(self):
        """The next event; None at the end of the stream."""
        data = None
        while line := self.response.readline():
            line = line.decode().rstrip("\n")
            if line.startswith("id: "):
                self.last_id = line[4:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and data is not None:
                return json.loads(data)
        return None

    def until(self, kind, request_id, limit=harness.PATIENCE):
        """All events up to that one."""
        events, end = [], time.monotonic() + limit
        while time.monotonic() < end:
            events.append(self.next())
            assert events[-1] is not None, events
            if (events[-1]["kind"], events[-1]["requestId"]) == (kind, request_id):
                return events
        raise AssertionError(f"no {kind} of {request_id}: {events}")

    def close(self):
        self.connection.close()


def silent(connection, seconds):
    """Nothing comes for so long."""
    connection.sock.settimeout(seconds)
    try:
        return not connection.sock.recv(1)
    except (TimeoutError, ssl.SSLWantReadError):
        return True
