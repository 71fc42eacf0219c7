"""The S3 servers that tests run against: Swift, and npm's s3rver. Import their fixtures by name.

Each is started once for a run, on ports and in folders of its own, and a test that cannot have it fails.
"""
import contextlib
import pathlib

import pytest

import harness
import s3_client
import s3_swift

S3RVER = pathlib.Path(__file__).parents[2] / "build/s3rver/node_modules/s3rver/bin/s3rver.js"


class Server:
    """Where it is, who may use it, and what it can. `denied`: an access key and a secret that it refuses, and with which code."""

    def __init__(self, name, port, access_key, secret_key, denied, knows):
        self.name, self.endpoint, self.region = name, f"http://127.0.0.1:{port}", "us-east-1"
        self.access_key, self.secret_key, self.denied, self.knows = access_key, secret_key, denied, knows

    def client(self):
        return s3_client.Client(self.endpoint, self.access_key, self.secret_key, self.region)


@contextlib.contextmanager
def start_swift():
    with s3_swift.running() as port:
        yield Server("swift", port, s3_swift.ACCESS_KEY, s3_swift.SECRET_KEY,
                     denied=(s3_swift.ACCESS_KEY, "wrong", "SignatureDoesNotMatch"),
                     knows={"signatures", "conditional puts", "listing uploads"})


@contextlib.contextmanager
def start_s3rver():
    """It takes any signature of the one access key that it knows, and cannot list or abort multipart uploads."""
    assert S3RVER.exists(), f"{S3RVER} is missing: scripts/test installs it"
    with harness.workplace() as folder:
        port = harness.free_port()
        command = ["node", str(S3RVER), "--directory", str(folder / "data"), "--address", "127.0.0.1", "--port", str(port),
                   "--silent", "--no-vhost-buckets"]
        program = harness.Program("s3rver", command, folder)
        try:
            s3_swift.wait_for([program], port)
            yield Server("s3rver", port, "S3RVER", "S3RVER", denied=("NOBODY", "S3RVER", "InvalidAccessKeyId"), knows=set())
        finally:
            program.kill()


@pytest.fixture(scope="session")
def swift():
    with start_swift() as server:
        yield server


@pytest.fixture(scope="session")
def s3rver():
    with start_s3rver() as server:
        yield server
