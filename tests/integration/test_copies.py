"""Callbacks that come many times over and all at once: each task is new once, and delivered once."""
import json
import queue
import random
import re
import threading

import harness
from harness import HOOK, callback, sign

TASKS, COPIES, CONNECTIONS = 100, 100, 100


def request_of(request_id, url):
    body = json.dumps(callback(request_id, url=url)).encode()
    head = f"POST {HOOK} HTTP/1.1\r\nHost: localhost\r\nx-seedance-signature: {sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answer_from(stream):
    """(status, body) of the next answer of a connection that is kept."""
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) != b"\r\n":
        if match := re.match(rb"(?i)content-length: *(\d+)", line):
            length = int(match[1])
    return status, stream.read(length)


def send_all(d, requests):
    """Each request once, over connections that are kept; the answers, in any order."""
    waiting, answers, failures = queue.SimpleQueue(), [], []
    for request in requests:
        waiting.put(request)
    together = threading.Barrier(CONNECTIONS)

    def send():
        try:
            with d.tls_socket() as s, s.makefile("rb") as stream:
                together.wait(harness.PATIENCE)
                while True:
                    s.sendall(waiting.get_nowait())
                    answers.append(answer_from(stream))
        except queue.Empty:
            pass
        except Exception as e:  # pylint: disable=broad-except
            failures.append(e)

    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures[:3]
    return answers


def test_a_hundred_tasks_told_a_hundred_times_each_are_delivered_once(sandbox, daemon):
    d, box = daemon(settings={"log": {"level": "warning", "format": "json"}}), sandbox("--duration-ms", 1)
    ids = [box.submit() for _ in range(TASKS)]
    harness.wait_until(lambda: all(t["status"] == "succeeded" for t in box.tasks()), "the videos")
    truths = {i: box.task(i)["video"] for i in ids}
    requests = [request_of(i, truths[i]["url"]) for i in ids] * COPIES
    random.Random(7).shuffle(requests)
    answers = send_all(d, requests)
    assert len(answers) == TASKS * COPIES and {status for status, _ in answers} == {200}
    verdicts = [json.loads(body) for _, body in answers]
    assert sorted(v["requestId"] for v in verdicts if not v["duplicate"]) == sorted(ids)
    for request_id in ids:
        task = d.finished(request_id)
        assert [x["state"] for x in task["deliveries"]] == ["done"]
        assert [e["kind"] for e in task["events"]].count("delivered") == 1
        assert harness.sha256_file(d.videos / f"{request_id}.mp4") == truths[request_id]["sha256"]
        assert box.task(request_id)["video"]["transfers"] == 1
    assert sorted(p.name for p in d.videos.iterdir() if p.is_file()) == sorted(f"{i}.mp4" for i in ids)
    assert len(d.tasks()) == TASKS
