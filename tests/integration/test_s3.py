"""The s3 sink against real servers: Swift, and s3rver where the two differ in what they can."""
import itertools
import re
import signal
import time
from urllib.parse import unquote_plus

import pytest

import harness
import hostile_s3
import s3_client
import s3_daemon
import s3_proxy
import video_server
from s3_daemon import MIB, assert_frugal, delivered, reason_to_be_degraded, s3_sink, tell
from s3_servers import s3rver, swift  # pylint: disable=unused-import

PART = 5 * MIB  # the smallest threshold and the smallest part there may be
counter = itertools.count(1)


@pytest.fixture(scope="module")
def videos(authority):
    with video_server.serving(authority) as server:
        yield server


class Bucket:
    """A bucket of its own on a server, and the proxy that the daemon goes through."""

    def __init__(self, server, proxy):
        self.server, self.proxy, self.name = server, proxy, f"videos-{next(counter)}"
        self.client = server.client()
        self.keys = (server.access_key, server.secret_key)

    def create(self):
        self.client.create_bucket(self.name)
        return self

    def sink(self, **more):
        options = {"multipart_threshold": PART, "part_size": PART, **more}
        return s3_sink(self.proxy.endpoint, self.name, options.pop("keys", self.keys), **options)

    def get(self, key):
        return self.client.get(self.name, key)

    def content_of(self, key):
        stored = self.get(key)
        return stored and stored.sha256


@pytest.fixture
def missing_bucket(request, server_name):
    server = request.getfixturevalue(server_name)
    with s3_proxy.before(server) as proxy:
        yield Bucket(server, proxy)


@pytest.fixture
def bucket(missing_bucket):
    return missing_bucket.create()


both = pytest.mark.parametrize("server_name", ["swift", "s3rver"])
on_swift = pytest.mark.parametrize("server_name", ["swift"])


@pytest.fixture
def start(daemon):
    """Starts a daemon with these sinks."""
    return lambda *sinks, **options: daemon(settings=s3_daemon.settings(*sinks), **options)


def assert_stored(bucket, key, request_id, size):
    """The whole video is there, and what is said of it is right."""
    stored = bucket.get(key)
    assert stored, f"{key} is not among {bucket.client.keys(bucket.name)}"
    truth = video_server.sha256_of(request_id, size)
    assert (stored.size, stored.sha256) == (size, truth)
    assert stored.content_type == "video/mp4"
    assert stored.metadata["sha256"] == truth


# -- videos of all sizes


@both
@pytest.mark.parametrize("size", [video_server.SMALLEST, 300_000, PART - 1])
def test_a_video_below_the_threshold_is_one_put(bucket, start, videos, size):
    d = start(bucket.sink())
    tell(d, videos, "req_small", size)
    delivered(d, "req_small")
    assert_stored(bucket, "req_small.mp4", "req_small", size)
    assert [p.size for p in bucket.proxy.of("PutObject")] == [size]
    assert bucket.proxy.of("CreateMultipartUpload") == []


@both
@pytest.mark.parametrize("size,parts", [(PART, [PART]), (PART + 1, [PART, 1]), (3 * PART, [PART] * 3)])
def test_a_video_from_the_threshold_on_goes_in_parts(bucket, start, videos, size, parts):
    d = start(bucket.sink())
    tell(d, videos, "req_parts", size)
    delivered(d, "req_parts")
    assert_stored(bucket, "req_parts.mp4", "req_parts", size)
    assert sorted((p.part, p.size) for p in bucket.proxy.of("UploadPart")) == list(enumerate(parts, 1))
    assert len(bucket.proxy.of("CompleteMultipartUpload")) == 1 and bucket.proxy.of("PutObject") == []


@both
def test_a_large_video_arrives_whole_and_takes_little_memory(bucket, start, videos):
    d = start(bucket.sink(multipart_threshold="16MiB", part_size="16MiB"))
    tell(d, videos, "req_large", 200 * MIB)
    delivered(d, "req_large")
    assert_stored(bucket, "req_large.mp4", "req_large", 200 * MIB)
    sizes = {p.part: p.size for p in bucket.proxy.of("UploadPart")}
    assert sizes == {**{n: 16 * MIB for n in range(1, 13)}, 13: 8 * MIB}
    assert_frugal(d)


@both
def test_nothing_is_sent_that_was_not_asked_for(bucket, start, videos):
    d = start(bucket.sink())
    tell(d, videos, "req_plain", 1000)
    tell(d, videos, "req_in_parts", PART + 1)
    delivered(d, "req_plain")
    delivered(d, "req_in_parts")
    for passed in bucket.proxy.passed:
        names = {n for n in passed.headers if n.startswith("x-amz-")} - {"x-amz-date", "x-amz-content-sha256"}
        assert names <= {"x-amz-meta-sha256"}
        assert not {"content-md5", "transfer-encoding", "content-encoding", "if-none-match"} & set(passed.headers)


# -- names and what goes along


@both
@pytest.mark.parametrize("value,named", [
    ("autumn film", "autumn film"), ("a+b", "a+b"), ("100%41", "100%41"), ("Fluß 秋 🍁", "Fluß 秋 🍁"),
    ("?x=1&y#z", "?x=1&y#z"), ("'();:@$,~*!", "'();:@$,~*!"), ("&amp;<b>\"", "&amp;<b>\""), ("..", "_."),
    ("../../etc", "_._.._etc"), ("a/b\\c", "a_b_c"), ("-x", "_x"), ("", "_"),
])
def test_a_key_is_made_of_any_metadata(bucket, start, videos, value, named):
    d = start(bucket.sink(key="films/{metadata.title}/{requestId}.{ext}"))
    document = {"source": "main", "requestId": "req_named", "metadata": {"title": value}}
    assert d.api("POST", "/v1/tasks", document).status == 200
    tell(d, videos, "req_named", PART + 1)
    delivered(d, "req_named")
    assert list(bucket.client.keys(bucket.name)) == [f"films/{named}/req_named.mp4"]
    assert_stored(bucket, f"films/{named}/req_named.mp4", "req_named", PART + 1)


@both
@pytest.mark.parametrize("size", [1000, PART + 1])
def test_metadata_of_the_settings_go_with_the_object(bucket, start, videos, size):
    d = start(bucket.sink(metadata={"project": "autumn  film", "Owner": "a,b;c=\"d\""}))
    tell(d, videos, "req_metadata", size)
    delivered(d, "req_metadata")
    stored = bucket.get("req_metadata.mp4")
    # Spaces within are told apart by the service, not by its signature.
    assert {name.lower(): " ".join(value.split()) for name, value in stored.metadata.items()} == {
        "sha256": video_server.sha256_of("req_metadata", size), "project": "autumn film", "owner": "a,b;c=\"d\""}


@pytest.mark.parametrize("server_name", ["s3rver"])
@pytest.mark.parametrize("size", [1000, PART + 1])
def test_the_storage_class_is_the_one_of_the_settings(bucket, start, videos, size):
    d = start(bucket.sink(storage_class="STANDARD_IA"))
    tell(d, videos, "req_cold", size)
    delivered(d, "req_cold")
    assert bucket.get("req_cold.mp4").headers["x-amz-storage-class"] == "STANDARD_IA"


@on_swift
@pytest.mark.parametrize("more", [{"tags": {"a": "b"}}, {"if_absent": True}, {"encryption": "AES256"}])
def test_what_a_server_does_not_know_is_said_and_waits_for_a_person(bucket, start, videos, more):
    d = start(bucket.sink(**more))
    tell(d, videos, "req_unknown", 1000)
    reason_to_be_degraded(d, bucket.name, "NotImplemented")
    assert bucket.client.keys(bucket.name) == {}
    d.settings["sinks"] = [bucket.sink()]
    d.write_config()
    d.signal(signal.SIGHUP)
    delivered(d, "req_unknown")


@pytest.fixture
def strict(folder, authority):
    """A server that knows all that S3 has, and does nothing wrong."""
    with hostile_s3.HostileS3(folder, authority, page=2) as server:
        yield server
    assert server.mistakes == [] and server.violations == []


def strict_sink(server, **more):
    return s3_sink(server.endpoint, "videos", (hostile_s3.ACCESS_KEY, hostile_s3.SECRET_KEY), multipart_threshold=PART,
                   part_size=PART, **more)


@pytest.mark.parametrize("size", [1000, PART + 1])
def test_tags_class_rights_and_encryption_go_with_the_object(strict, start, videos, size):
    d = start(strict_sink(strict, tags={"a b": "c+d&e=f", "ü": "%"}, storage_class="GLACIER_IR", acl="bucket-owner-full-control",
                          encryption="aws:kms", kms_key_id="arn:aws:kms:us-east-1:1:key/x"))
    tell(d, videos, "req_all", size)
    delivered(d, "req_all")
    kept = strict.service.objects["videos"]["req_all.mp4"].headers
    tags = dict(pair.split("=") for pair in kept["x-amz-tagging"].split("&"))
    assert {unquote_plus(k): unquote_plus(v) for k, v in tags.items()} == {"a b": "c+d&e=f", "ü": "%"}
    assert kept["x-amz-storage-class"] == "GLACIER_IR" and kept["x-amz-acl"] == "bucket-owner-full-control"
    assert kept["x-amz-server-side-encryption"] == "aws:kms"
    assert kept["x-amz-server-side-encryption-aws-kms-key-id"] == "arn:aws:kms:us-east-1:1:key/x"


@pytest.mark.parametrize("algorithm", ["crc32", "crc32c", "sha1", "sha256"])
def test_checksums_that_were_asked_for_are_sent_with_everything(strict, start, videos, algorithm):
    d = start(strict_sink(strict, checksum=algorithm))
    tell(d, videos, "req_one", 1000)
    tell(d, videos, "req_parts", PART + 1)
    delivered(d, "req_one")
    delivered(d, "req_parts")
    assert all(f"x-amz-checksum-{algorithm}" in seen.headers for seen in strict.of("PutObject") + strict.of("UploadPart"))
    assert strict.service.content("videos", "req_parts.mp4") is not None


# -- what is there already


@pytest.mark.parametrize("size", [1000, PART + 1])
def test_if_absent_writes_over_nothing(strict, start, videos, size):
    d = start(strict_sink(strict, if_absent=True))
    strict.service.objects["videos"]["req_taken.mp4"] = strict.service.keep(b"another film", {})
    tell(d, videos, "req_taken", size)
    task = d.finished("req_taken")
    assert task["stage"] == "stuck" and "req_taken.mp4" in str(s3_daemon.notes(task))
    assert strict.service.content("videos", "req_taken.mp4") == b"another film"
    assert strict.service.open_uploads() == []


@pytest.mark.parametrize("size", [1000, PART + 1])
def test_if_absent_sends_the_condition_and_takes_our_own_object_for_delivered(strict, start, videos, size):
    d = start(strict_sink(strict, if_absent=True))
    truth = tell(d, videos, "req_own", size)
    delivered(d, "req_own")
    finals = strict.of("PutObject") + strict.of("CompleteMultipartUpload")
    assert [seen.headers.get("if-none-match") for seen in finals] == ["*"]
    assert d.api("POST", "/v1/tasks/req_own/redeliver", {"sink": "archive"}).status == 202
    harness.wait_until(lambda: [e["kind"] for e in d.task("req_own").json["events"]].count("delivered") == 2, "the redelivery")
    assert strict.service.history == [("req_own.mp4", truth)]
    assert strict.service.open_uploads() == []


@both
def test_without_if_absent_the_newer_object_stays(bucket, start, videos):
    bucket.client.put(bucket.name, "req_over.mp4", b"an older film")
    d = start(bucket.sink())
    tell(d, videos, "req_over", 1000)
    delivered(d, "req_over")
    assert_stored(bucket, "req_over.mp4", "req_over", 1000)


@both
def test_a_manifest_tells_of_the_delivery(bucket, start, videos):
    d = start(bucket.sink(manifest=True))
    tell(d, videos, "req_manifest", 1000)
    delivered(d, "req_manifest")
    names = bucket.client.keys(bucket.name)
    assert len(names) == 2 and "req_manifest.mp4" in names
    manifest = next(name for name in names if name.endswith(".json"))
    document = s3_client.document_of(bucket.client, bucket.name, manifest)
    assert document["requestId"] == "req_manifest" and document["sink"] == "archive" and document["video"]["path"] is None
    assert document["video"]["sha256"] == video_server.sha256_of("req_manifest", 1000)


# -- what a person must mend


@both
def test_keys_that_are_refused_are_said_and_mended_by_a_reload(bucket, start, videos):
    access_key, secret_key, code = bucket.server.denied
    d = start(bucket.sink(keys=(access_key, secret_key)))
    tell(d, videos, "req_locked_out", 1000)
    reason = reason_to_be_degraded(d, bucket.name, code)
    assert secret_key not in reason or secret_key in access_key + bucket.name
    assert bucket.client.keys(bucket.name) == {}
    d.settings["sinks"] = [bucket.sink()]
    d.write_config()
    d.signal(signal.SIGHUP)
    delivered(d, "req_locked_out")
    assert_stored(bucket, "req_locked_out.mp4", "req_locked_out", 1000)
    harness.wait_until(lambda: d.api("GET", "/readyz").json["degraded"] == [], "the daemon to be well again")


@both
@pytest.mark.parametrize("size", [1000, PART + 1])
def test_a_bucket_that_is_missing_is_waited_for(missing_bucket, start, videos, size):
    d = start(missing_bucket.sink())
    tell(d, videos, "req_early", size)
    reason_to_be_degraded(d, missing_bucket.name, "NoSuchBucket")
    missing_bucket.create()
    delivered(d, "req_early")
    assert_stored(missing_bucket, "req_early.mp4", "req_early", size)


@on_swift
def test_doctor_tries_the_bucket_and_leaves_nothing(bucket, start):
    said = start(bucket.sink()).command("doctor").stdout
    assert re.search(rf"(?m)^ok +sink archive .*{bucket.name}", said), said
    assert bucket.client.keys(bucket.name) == {}


# -- crashes


@on_swift
def test_an_upload_goes_on_after_a_kill_without_the_parts_that_are_there(bucket, folder, authority, started, videos):
    sink = bucket.sink(multipart_threshold="16MiB", part_size="16MiB")
    proxy, settings = bucket.proxy, s3_daemon.settings(sink)
    proxy.let_through(5)
    d = started(harness.Daemon(folder, authority, settings=settings)).ready()
    tell(d, videos, "req_resumed", 200 * MIB)
    harness.wait_until(lambda: len(proxy.of("UploadPart")) == 5 and proxy.held >= 1, "five parts to be there")
    # What the daemon has noted of the fifth is its own affair; Swift has it.
    there = {p.part for p in proxy.of("UploadPart") if p.status == 200}
    time.sleep(0.5)
    assert_frugal(d)
    d.kill()
    proxy.open()
    harness.wait_until(lambda: proxy.held == 0, "the connections of the dead to end")
    again = started(harness.Daemon(folder, authority, settings=settings, port=d.port)).ready()
    delivered(again, "req_resumed")
    assert_stored(bucket, "req_resumed.mp4", "req_resumed", 200 * MIB)
    assert len(there) == 5 and len(proxy.of("CreateMultipartUpload")) == 1
    assert len({p.upload for p in proxy.of("UploadPart") + proxy.of("CompleteMultipartUpload")}) == 1
    whole = [p.part for p in proxy.of("UploadPart") if p.status == 200]
    assert set(whole) == set(range(1, 14))
    # Of those that were held, one that lay in the kernel whole when its sender died arrives all the same.
    assert [whole.count(part) for part in there] == [1] * 5, "parts that were there were sent again"
    assert bucket.client.uploads(bucket.name) == []
    assert_frugal(again)


@both
def test_a_stop_within_an_upload_leaves_no_object_and_the_next_start_delivers(bucket, folder, authority, started, videos):
    settings = {**s3_daemon.settings(bucket.sink()), "shutdown_grace": "500ms"}
    bucket.proxy.let_through(2)
    d = started(harness.Daemon(folder, authority, settings=settings)).ready()
    tell(d, videos, "req_stopped", 6 * PART)
    harness.wait_until(lambda: len(bucket.proxy.of("UploadPart")) == 2 and bucket.proxy.held >= 1, "two parts to be there")
    d.stop()
    assert bucket.client.keys(bucket.name) == {}
    bucket.proxy.open()
    again = started(harness.Daemon(folder, authority, settings=settings, port=d.port)).ready()
    delivered(again, "req_stopped")
    assert_stored(bucket, "req_stopped.mp4", "req_stopped", 6 * PART)
