"""A daemon with s3 sinks, the videos it fetches, and what tests ask of both."""
import harness
import video_server

MIB = 1 << 20
QUICKLY = {"min_delay": "50ms", "max_delay": "500ms"}


def s3_sink(endpoint, bucket, keys, name="archive", **more):
    """`keys`: an access key's id and its secret."""
    return {"name": name, "type": "s3", "endpoint": endpoint, "region": "us-east-1", "bucket": bucket, "retry": QUICKLY,
            "credentials": {"access_key_id": keys[0], "secret_access_key": keys[1]}, **more}


def settings(*sinks, **more):
    return {"sinks": list(sinks), "log": {"level": "info", "format": "json"}, **more}


def tell(d, videos, request_id, size, source="main"):
    """A callback for a video of that size; the video's SHA-256."""
    target = next(s["path"] for s in d.settings["sources"] if s["name"] == source)
    answer = d.post(harness.callback(request_id, url=videos.url(request_id, size)), target=target)
    assert answer.status == 200, answer.body
    return video_server.sha256_of(request_id, size)


def delivered(d, request_id):
    """The task, which must end well."""
    task = d.finished(request_id)
    assert task["stage"] == "done", notes(task)
    return task


def notes(task):
    return [(x["sink"], x["state"], x["attempts"], x["note"]) for x in task["deliveries"]]


def reason_to_be_degraded(d, *words):
    """One of /readyz that has all these words."""
    def look():
        reasons = d.api("GET", "/readyz").json["degraded"]
        return next((reason for reason in reasons if all(word in reason for word in words)), None)

    return harness.wait_until(look, f"/readyz to say {words}")


def most_memory(d):
    """The most bytes that the daemon ever held, without the sanitizers' own; None under one."""
    if harness.is_sanitized(d.process.pid):
        return None
    with open(f"/proc/{d.process.pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def assert_frugal(d, limit=64 * MIB):
    used = most_memory(d)
    assert used is None or used <= limit, f"{used / MIB:.0f} MiB"
