"""The other ends of the daemon's sinks: an S3 service with one bucket, and a webhook receiver. They live on while the
daemon dies, and keep a journal of what came to them, in its order.

The service is tests/integration/s3_service.py, which is stricter than any one service, with signatures checked. Some
answers come late, chosen by the id and the attempt, after the work was done: so that a daemon dies between what it did
and its knowledge of it. The receiver refuses some posts at first.

    python3 far_ends.py --folder DIR     prints {"port": N} and serves until its standard input ends
"""
import argparse
import asyncio
import base64
import collections
import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import pathlib
import signal
import subprocess
import sys
import time

import s3_signature
from origin import draw
from s3_service import Answer, Request, Service, error_document
from s3_signature import Refused

BUCKET, REGION = "videos", "us-east-1"
ACCESS_KEY, SECRET_KEY = "AKIACRASH", "crash/secret+key"
HOOK = "/hook"
HOOK_KEY = b"0123456789abcdef0123456789abcdef"
HOOK_SECRET = "whsec_" + base64.b64encode(HOOK_KEY).decode()
SLOW = ("PutObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload")


class Bucket(Service):
    """Keeps of an object that became visible only what it is, and tells the journal."""

    def __init__(self, folder, journal):
        super().__init__(folder, [BUCKET])
        self.journal = journal

    def _show(self, bucket, key, content):
        super()._show(bucket, key, content)
        content.file.unlink()
        self.journal({"kind": "object", "key": key, "size": content.size, "sha256": content.sha256,
                      "parts": int(content.etag.partition("-")[2] or 0), "at": time.monotonic()})


class Server:
    def __init__(self, folder):
        self.events = []
        self.bucket = Bucket(folder, self.events.append)
        self.times = collections.Counter()  # of requests by what they were about, for the moods
        self.in_hand = set()

    async def handle(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            while await self._answer_one(reader, writer):
                pass
        writer.close()

    async def _answer_one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head[:-4].split("\r\n")
        method, target, _ = line.split(" ")
        headers = [tuple(piece.strip() for piece in each.split(":", 1)) for each in lines]
        request = Request(method, target, headers)
        if target.startswith("/-/"):
            answer = await self._tell(target)
        else:
            self.in_hand.add(request)
            try:
                request.body = await reader.readexactly(int(request.header("content-length", 0)))
                answer = await (self._take_post(request) if target == HOOK else self._serve(request))
            finally:
                self.in_hand.remove(request)
        length = len(answer.body) if answer.length is None else answer.length
        lines = [f"HTTP/1.1 {answer.status} Whatever", *(f"{name}: {value}" for name, value in answer.headers.items())]
        lines += [f"Content-Length: {length}"] if answer.status != 204 else []
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if method == "HEAD" else answer.body))
        await writer.drain()
        return True

    async def _tell(self, target):
        """/-/N: events from the N-th on, and uploads under way, once everything that came before is answered."""
        before = set(self.in_hand)
        while before & self.in_hand:
            await asyncio.sleep(0.01)
        first = int(target.removeprefix("/-/"))
        return Answer(200, body=json.dumps({"events": self.events[first:],
                                            "uploads": [u.key for u in self.bucket.open_uploads()]}).encode())

    def _draw(self, purpose, about):
        """From 0 to 9; follows from how often that was asked before."""
        self.times[purpose, about] += 1
        return draw(about, f"{purpose}{self.times[purpose, about]}") % 10

    async def _serve(self, request):
        try:
            self._check(request)
            answer = self.bucket.run(request)
        except Refused as refused:
            answer = Answer(refused.status, {}, error_document(refused.code, refused.message, **refused.more))
        if request.operation in SLOW and self._draw(request.operation, request.key) < 3:
            await asyncio.sleep(0.25)
        return answer

    def _check(self, request):
        try:
            now = datetime.datetime.now(datetime.timezone.utc)
            keys = {ACCESS_KEY: (SECRET_KEY, None)}
            s3_signature.check(request.method, request.target, request.headers, keys, REGION, now)
            if request.header("x-amz-content-sha256") != hashlib.sha256(request.body).hexdigest():
                raise Refused(400, "XAmzContentSHA256Mismatch", "the body is another than was signed")
        except Refused as refused:
            self.events.append({"kind": "unsound", "about": request.key, "why": str(refused)})
            raise

    async def _take_post(self, request):
        delivery, moment = request.header("webhook-id", ""), request.header("webhook-timestamp", "")
        signed = f"{delivery}.{moment}.".encode() + request.body
        right = "v1," + base64.b64encode(hmac.digest(HOOK_KEY, signed, "sha256")).decode()
        genuine = right in request.header("webhook-signature", "").split(" ") and abs(time.time() - int(moment or 0)) < 60
        document = json.loads(request.body)
        mood = self._draw("post", document["requestId"])
        status = 503 if mood == 0 else 204
        self.events.append({"kind": "post", "id": document["requestId"], "delivery": delivery, "genuine": genuine,
                            "attempt": document["attempt"], "sha256": (document["video"] or {}).get("sha256"),
                            "status": status, "at": time.monotonic()})
        if mood in (1, 2):
            await asyncio.sleep(0.2)
        return Answer(status)


class FarEnds:
    """The server as a process of its own, so that it shares no interpreter with the senders."""

    def __init__(self, folder):
        folder.mkdir()
        self.process = subprocess.Popen([sys.executable, str(pathlib.Path(__file__)), "--folder", str(folder)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.events, self.uploads = [], []

    def refresh(self):
        """Brings `events` and `uploads` up to date: with all that had come to the server when this was called."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"/-/{len(self.events)}")
            told = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        self.events += told["events"]
        self.uploads = told["uploads"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


async def serve(arguments):
    server = await asyncio.start_server(Server(arguments.folder).handle, "127.0.0.1", 0, backlog=500)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is for whoever started this
    asyncio.run(serve(parser.parse_args()))
