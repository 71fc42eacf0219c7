"""The servers that the s3 sink is tested with do what the tests believe of them. Told by botocore, a client that is not ours."""
import contextlib
import hashlib
import os
import time

import botocore.exceptions
import botocore.parsers
import pytest

import harness
import hostile_s3
import s3_client
import s3_faults
import s3_proxy
import s3_signature
import s3_swift
from s3_servers import s3rver, swift  # pylint: disable=unused-import

KEY = "a b/+%41 ü&=..;'*~.mp4"
PART = os.urandom(5 << 20)


@pytest.fixture
def hostile(folder, authority):
    """Starts one with further options, speaking TLS; and a client of it."""
    running = []

    def start(**options):
        server = hostile_s3.HostileS3(folder, authority, **options)
        running.append(server)
        return server, client_of(server, authority)

    yield start
    for server in running:
        server.stop()
        assert server.mistakes == []


def client_of(server, authority, **other):
    keys = {"access_key": hostile_s3.ACCESS_KEY, "secret_key": hostile_s3.SECRET_KEY, **other}
    return s3_client.Client(server.endpoint, ca=authority.ca, attempts=1, **keys)


@pytest.fixture(params=["swift", "s3rver", "hostile"])
def client(request):
    """Of each server in turn, with a bucket `videos`."""
    if request.param == "hostile":
        return request.getfixturevalue("hostile")()[1]
    found = request.getfixturevalue(request.param).client()
    found.create_bucket("videos")
    return found


def refusal_of(call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    return s3_client.code_of(caught.value)


# -- all of them


def test_an_object_is_kept_with_what_was_said_of_it(client):
    client.put("videos", KEY, b"film", ContentType="video/mp4", Metadata={"sha256": "ab12"})
    stored = client.get("videos", KEY)
    assert (stored.size, stored.content_type, stored.metadata) == (4, "video/mp4", {"sha256": "ab12"})
    assert stored.sha256 == hashlib.sha256(b"film").hexdigest()
    assert client.keys("videos")[KEY] == 4
    assert client.get("videos", "none") is None


def test_parts_are_put_together_in_their_order(client):
    client.multipart("videos", "parts.mp4", [PART, b"the end"], ContentType="video/mp4", Metadata={"sha256": "cd34"})
    stored = client.get("videos", "parts.mp4")
    whole = client.s3.get_object(Bucket="videos", Key="parts.mp4")["Body"].read()
    assert whole == PART + b"the end"
    assert (stored.size, stored.content_type, stored.metadata) == (len(whole), "video/mp4", {"sha256": "cd34"})


def test_a_bucket_that_is_missing_is_said_to_be(client):
    assert refusal_of(lambda: client.put("missing", KEY, b"film")) == "NoSuchBucket"
    assert refusal_of(lambda: client.begin("missing", KEY)) == "NoSuchBucket"


@pytest.mark.parametrize("name", ["swift", "s3rver"])
def test_a_stranger_is_refused(name, request):
    server = request.getfixturevalue(name)
    access_key, secret_key, code = server.denied
    assert refusal_of(lambda: s3_client.Client(server.endpoint, access_key, secret_key).put("videos", "x", b"")) == code


# -- Swift and s3rver


def test_swift_lists_uploads_and_their_parts_and_drops_what_is_aborted(swift):
    client = swift.client()
    client.create_bucket("uploads")
    upload = client.begin("uploads", KEY)
    client.part("uploads", KEY, upload, 2, PART)
    assert client.uploads("uploads") == [(KEY, upload)]
    assert client.parts("uploads", KEY, upload) == {2: len(PART)}
    client.s3.abort_multipart_upload(Bucket="uploads", Key=KEY, UploadId=upload)
    assert client.uploads("uploads") == []
    assert refusal_of(lambda: client.part("uploads", KEY, upload, 1, PART)) == "NoSuchUpload"


def test_swift_knows_no_conditional_puts_no_tags_and_one_storage_class(swift):
    client = swift.client()
    client.create_bucket("limits")
    assert refusal_of(lambda: client.put("limits", "x", b"", {"If-None-Match": "*"})) == "NotImplemented"
    assert refusal_of(lambda: client.put("limits", "x", b"", Tagging="a=b")) == "NotImplemented"
    assert refusal_of(lambda: client.put("limits", "x", b"", StorageClass="GLACIER")) == "InvalidStorageClass"
    assert refusal_of(lambda: client.multipart("limits", "x", [b"a", b"b"])) == "EntityTooSmall"


def test_servers_are_up_within_seconds(request):
    begin = time.monotonic()
    request.getfixturevalue("swift")
    request.getfixturevalue("s3rver")
    assert time.monotonic() - begin < harness.PATIENCE


def test_swift_without_extended_attributes_fails_and_says_so(monkeypatch):
    monkeypatch.setattr(s3_swift, "keeps_attributes", lambda _: False)
    with pytest.raises(AssertionError, match="extended attributes"), s3_swift.running():
        pass


def test_a_server_that_ends_at_once_is_a_failure_with_its_last_words(folder):
    program = harness.Program("broken", ["/bin/sh", "-c", "echo no such luck >&2; exit 3"], folder)
    program.wait()
    with pytest.raises(AssertionError, match="(?s)ended.*no such luck"):
        s3_swift.wait_for([program], harness.free_port())


# -- the proxy


def test_the_proxy_passes_everything_on_and_writes_it_down(swift):
    with s3_proxy.before(swift) as proxy:
        client = s3_client.Client(proxy.endpoint, swift.access_key, swift.secret_key)
        client.create_bucket("proxied")
        client.put("proxied", KEY, b"film")
        client.multipart("proxied", "parts", [PART, b"end"])
        assert client.get("proxied", KEY).size == 4 and client.get("proxied", "none") is None
        assert [(p.key, p.size, p.status) for p in proxy.of("PutObject")] == [(KEY, 4, 200)]
        assert [(p.part, p.size, p.status) for p in proxy.of("UploadPart")] == [(1, len(PART), 200), (2, 3, 200)]
        assert [p.status for p in proxy.of("GetObject")] == [200, 404]


def test_the_proxy_holds_parts_back(swift):
    with s3_proxy.before(swift) as proxy:
        client = s3_client.Client(proxy.endpoint, swift.access_key, swift.secret_key)
        client.create_bucket("held")
        upload = client.begin("held", "x")
        proxy.let_through(1)
        client.part("held", "x", upload, 1, b"a")
        hasty = s3_client.Client(proxy.endpoint, swift.access_key, swift.secret_key, patience=0.5, attempts=1)
        with pytest.raises(botocore.exceptions.HTTPClientError):
            hasty.part("held", "x", upload, 2, b"b")
        assert [p.part for p in proxy.of("UploadPart")] == [1] and proxy.held == 1
        proxy.open()
        client.part("held", "x", upload, 3, b"c")
        harness.wait_until(lambda: proxy.held == 0, "the part that was held")


# -- the hostile server


def test_a_signature_is_the_one_of_amazons_example():
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html: PUT Object
    payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
    headers = [("host", "examplebucket.s3.amazonaws.com"), ("date", "Fri, 24 May 2013 00:00:00 GMT"),
               ("x-amz-date", "20130524T000000Z"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
               ("x-amz-content-sha256", payload)]
    request = s3_signature.canonical_request("PUT", "/test%24file.text", headers, sorted(name for name, _ in headers), payload)
    assert s3_signature.signature("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524/us-east-1/s3/aws4_request",
                                  "20130524T000000Z", request) == \
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"


def test_a_wrong_signature_and_a_changed_body_are_found_out(hostile, authority):
    server, client = hostile()
    client.put("videos", KEY, b"film")
    assert server.violations == []
    stranger = client_of(server, authority, secret_key="wrong")
    assert refusal_of(lambda: stranger.put("videos", "x", b"film")) == "SignatureDoesNotMatch"
    client.s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: setattr(request, "body", b"mlif"))
    assert refusal_of(lambda: client.put("videos", "x", b"film")) == "XAmzContentSHA256Mismatch"
    assert len(server.violations) == 2
    assert list(server.service.objects["videos"]) == [KEY]


def test_the_strict_service_keeps_conditions_tags_and_checksums(hostile):
    server, client = hostile()
    client.put("videos", KEY, b"film", Tagging="a=b", StorageClass="GLACIER")
    assert refusal_of(lambda: client.put("videos", KEY, b"other", {"If-None-Match": "*"})) == "PreconditionFailed"
    assert refusal_of(lambda: client.put("videos", "x", b"film", {"x-amz-checksum-sha256": "AAAA"})) == "BadDigest"
    kept = server.service.objects["videos"][KEY].headers
    assert (kept["x-amz-tagging"], kept["x-amz-storage-class"]) == ("a=b", "GLACIER")
    assert server.service.content("videos", KEY) == b"film"


@pytest.mark.parametrize("parts,code", [([b"small", b"x"], "EntityTooSmall"), ([PART, PART + b"x", b"x"], "InvalidPart"),
                                        ([PART, PART + b"x"], "InvalidPart")])
def test_the_strict_service_wants_parts_of_equal_and_sufficient_size(hostile, parts, code):
    server, client = hostile()
    assert refusal_of(lambda: client.multipart("videos", KEY, parts)) == code
    assert [upload.key for upload in server.service.open_uploads()] == [KEY]


def test_the_strict_service_lists_in_pages(hostile):
    _, client = hostile(page=2)
    ids = {client.begin("videos", f"key{n // 2}") for n in range(5)}
    pages = list(client.s3.get_paginator("list_multipart_uploads").paginate(Bucket="videos"))
    assert [len(page["Uploads"]) for page in pages] == [2, 2, 1]
    assert {upload["UploadId"] for page in pages for upload in page["Uploads"]} == ids


def try_everything(server, client):
    """Each operation that faults can happen to, whatever comes of it."""
    def attempt(call, **options):
        with contextlib.suppress(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError,
                                 botocore.parsers.ResponseParserError):
            return call(Bucket="videos", **options)
        return {}

    s3, body = client.s3, b"x" * 100_000
    attempt(s3.put_object, Key=KEY, Body=body)
    attempt(s3.head_object, Key=KEY)
    attempt(s3.head_bucket)
    attempt(s3.create_multipart_upload, Key=KEY)
    upload = server.service.begin(KEY, {}).id
    etag = attempt(s3.upload_part, Key=KEY, UploadId=upload, PartNumber=1, Body=body).get("ETag", "none")
    attempt(s3.list_parts, Key=KEY, UploadId=upload)
    attempt(s3.list_multipart_uploads)
    attempt(s3.complete_multipart_upload, Key=KEY, UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    attempt(s3.abort_multipart_upload, Key=KEY, UploadId=upload)


@pytest.mark.parametrize("fault", sorted(s3_faults.FAULTS))
def test_a_fault_happens_and_then_is_over(hostile, fault):
    server, client = hostile(share=1.0, in_a_row=1000, only=lambda _: {fault})
    try_everything(server, client)
    assert server.faults()[fault] >= 1
    server.calm()
    client.put("videos", KEY, b"film")
    client.multipart("videos", "parts", [PART, b"end"])
    assert server.service.content("videos", KEY) == b"film"
    assert server.service.content("videos", "parts") == PART + b"end"
    assert server.violations == []


FAULTS_OF_A_HEAD = {"slow_down", "internal_error", "access_denied"}


def test_faults_are_bounded_in_a_row_and_the_same_for_a_seed(hostile):
    def row(seed):
        server, client = hostile(share=0.9, in_a_row=2, seed=seed, only=lambda _: FAULTS_OF_A_HEAD)
        for _ in range(30):
            try:
                client.s3.head_object(Bucket="videos", Key=KEY)
            except botocore.exceptions.ClientError:
                pass
        return [seen.fault for seen in server.requests]

    first = row(1)
    assert row(1) == first != row(2)
    assert all(None in first[n:n + 3] for n in range(28)) and first.count(None) < 20
