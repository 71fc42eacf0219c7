"""Clients that post on while the daemon is signalled and replaced, and know what became of each request."""
import collections
import errno
import itertools
import json
import socket
import struct
import threading
import time

import harness

TCP_CLOSE = 7  # of enum tcp_state: the peer has sent a reset, or everything is over


class Clients:
    """Half of them keep their connections; the others make one for each request. Plain HTTP: with TLS between, a close before
    a request was read looks like one after it.

    A request is `answered`; or its connection was `reset`, so the daemon cannot have read all of it; or it was `cut`: the
    daemon's side closed in peace, with nothing unread, and no answer. `refused` connections never came to be.
    """

    def __init__(self, port, count=8, pause=0.002):
        self.port, self.pause = port, pause
        self.answered, self.reset, self.cut, self.refused = collections.Counter(), [], [], []
        self.acknowledged = []
        self.over = threading.Event()
        self.numbers = itertools.count()
        self.threads = [threading.Thread(target=self._post_on, args=(n % 2 == 0,), daemon=True) for n in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _post_on(self, keeps):
        kept = None
        while not self.over.is_set():
            request_id = f"req_{next(self.numbers)}"
            try:
                connection = kept or socket.create_connection(("127.0.0.1", self.port), timeout=harness.PATIENCE)
            except OSError as failure:
                self.refused.append(failure)
                time.sleep(0.05)
                continue
            kept = connection if self._post(connection, request_id) and keeps else None
            if kept is None:
                connection.close()
            time.sleep(self.pause)

    def _post(self, connection, request_id):
        """True when the connection may be used again."""
        body = json.dumps(harness.callback(request_id, "failed"))
        head = (f"POST {harness.HOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                f"x-seedance-signature: {harness.sign(body)}\r\n\r\n")
        answer = b""
        try:
            connection.sendall((head + body).encode())
            while not whole(answer):
                piece = connection.recv(65536)
                if not piece:
                    self._closed(connection, request_id, answer)
                    return False
                answer += piece
        except OSError as failure:
            told = failure.errno in (errno.ECONNRESET, errno.EPIPE) and not answer
            (self.reset if told else self.cut).append(request_id)
            return False
        status = int(answer.split(b" ", 2)[1])
        self.answered[status] += 1
        if status == 200:
            self.acknowledged.append(request_id)
        return b"connection: close" not in answer.lower()

    def _closed(self, connection, request_id, answer):
        """The daemon's end of the stream came instead of an answer. Had it left our bytes unread, a reset would come too."""
        deadline = time.monotonic() + 0.5
        while not answer and not was_reset(connection) and time.monotonic() < deadline:
            time.sleep(0.01)
        (self.reset if was_reset(connection) and not answer else self.cut).append(request_id)


def whole(answer):
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return len(body) >= int(length.split(b":")[1])


def was_reset(connection):
    state = struct.unpack("B", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1))[0]
    return state == TCP_CLOSE
