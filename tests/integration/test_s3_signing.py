"""Signatures of random requests, compared with those of AWS's own signer for Python."""
import datetime
import hashlib
import json
import os
import random
import string
import subprocess
from unittest import mock

import botocore.auth
import botocore.awsrequest
import botocore.credentials

SEED = 20260524
COUNT = 1000

BASES = ["https://examplebucket.s3.eu-central-1.amazonaws.com", "http://127.0.0.1:9000", "https://[2001:db8::1]:8443",
         "http://[::1]", "https://s3.example.com:443", "https://S3.Example.COM:9443/bucket", "http://minio:80/b-1"]
NAMES = ["Content-Type", "content-md5", "Range", "If-None-Match", "If-Match", "Cache-Control", "Content-Disposition",
         "x-amz-acl", "X-Amz-Storage-Class", "x-amz-meta-sha256", "X-Amz-Meta-Note", "x-amz-tagging",
         "x-amz-server-side-encryption", "x-amz-copy-source", "User-Agent", "Expect", "x-AMZN-trace-id"]
PARAMETERS = ["acl", "uploads", "uploadId", "partNumber", "prefix", "list-type", "X-y", "a", "a-b", "a.b", "A", "é", "="]
PLAIN = string.ascii_letters + string.digits + "-._~"


def text(chance, alphabet, longest):
    return "".join(chance.choice(alphabet) for _ in range(chance.randrange(longest + 1)))


def random_key(chance):
    kind = chance.randrange(4)
    if kind == 0:
        return text(chance, PLAIN + "/", 40).encode()
    if kind == 1:
        return bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
    if kind == 2:
        return text(chance, string.punctuation + " /é漢😀\t", 40).encode()
    return b"/".join([b"..", b".", b"", b"a b+c", b"100%", b"%41"][:chance.randrange(7)])


def random_value(chance):
    inner = text(chance, string.ascii_letters + string.punctuation + "    \té", 30)
    return chance.choice(["", " ", "\t  "]) + inner + chance.choice(["", "  "])


def spelled(chance, word):
    """A query's word, needlessly encoded here and there, and in either case of hex digits."""
    out = ""
    for byte in word.encode():
        if chr(byte) in PLAIN and chance.random() < 0.8:
            out += chr(byte)
        else:
            out += chance.choice(["%%%02X", "%%%02x"]) % byte
    return out


def random_parameters(chance):
    """As pairs, and as they stand in the URL."""
    pairs = [(chance.choice(PARAMETERS), chance.choice(["", "1", "J", "a b+c", "x/y", "é=&?%", text(chance, PLAIN, 9)]))
             for _ in range(chance.choice([0, 0, 1, 2, 3, 6]))]
    written = [spelled(chance, name) + ("" if not value and chance.random() < 0.5 else "=" + spelled(chance, value))
               for name, value in pairs]
    return pairs, "&".join(written)


def random_request(chance):
    body = chance.randbytes(chance.choice([0, 0, 5, 1000]))
    parameters, query = random_parameters(chance)
    return {
        "method": chance.choice(["GET", "PUT", "HEAD", "POST", "DELETE"]),
        "base": chance.choice(BASES),
        "key_hex": random_key(chance).hex(),
        "parameters": parameters,
        "query": query,
        "fields": [(chance.choice(NAMES), random_value(chance)) for _ in range(chance.randrange(6))],
        "body": body.hex(),
        "sha256": hashlib.sha256(body).hexdigest(),
        "id": "AKIA" + text(chance, string.ascii_uppercase, 16),
        "secret": "s" + text(chance, string.ascii_letters + "/+ é", 40),
        "token": chance.choice(["", "t" + text(chance, string.ascii_letters + "/+=", 300)]),
        "region": chance.choice(["us-east-1", "auto", "garage", "cn-north-1"]),
        "time": chance.randrange(0, 4102444800),
    }


def signed_by_botocore(request):
    path = botocore.auth.quote(bytes.fromhex(request["key_hex"]), safe="/~")
    other = botocore.awsrequest.AWSRequest(request["method"], request["base"] + "/" + path,
                                           data=bytes.fromhex(request["body"]), params=request["parameters"])
    for name, value in request["fields"]:
        other.headers[name] = value  # adds
    keys = botocore.credentials.Credentials(request["id"], request["secret"], request["token"] or None)
    now = datetime.datetime.fromtimestamp(request["time"], datetime.timezone.utc)
    with mock.patch("botocore.auth.datetime.datetime", **{"utcnow.return_value": now}):
        botocore.auth.S3SigV4Auth(keys, "s3", request["region"]).add_auth(other)
    return other.headers["Authorization"]


def test_a_thousand_random_requests_get_the_signatures_that_botocore_gives_them():
    chance = random.Random(SEED)
    requests = [random_request(chance) for _ in range(COUNT)]
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    ours = subprocess.run([os.environ["SIGN_REQUESTS"]], input=lines, capture_output=True, text=True, check=True,
                          timeout=60).stdout.splitlines()
    assert len(ours) == COUNT
    for request, authorization in zip(requests, ours):
        assert authorization == signed_by_botocore(request), request
