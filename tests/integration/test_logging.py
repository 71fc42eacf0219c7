"""The log: every line as docs/logging.md says, whatever strangers send; and the history of one task in it."""
import json
import re

import harness
import log_table
from harness import callback


def lines_of(program, message=None):
    said = [json.loads(line) for line in program.log_file.read_text(encoding="utf-8").splitlines()]
    return [line for line in said if message is None or line["message"] == message]


def test_every_line_of_the_source_is_documented_and_every_documented_one_exists():
    table = log_table.documented()
    seen = set()
    for file, message, fields in log_table.in_source():
        assert message in table, f"{file}: {message!r} is not in docs/logging.md"
        assert fields <= table[message][1], f"{file}: {message!r} has fields that docs/logging.md does not name"
        seen.add(message)
    logs = "".join(f.read_text(encoding="utf-8") for f in (log_table.PROJECT / "src/log").glob("*.cpp"))
    assert {m for m in table if m not in seen and f'"{m}"' not in logs} == set()
    assert len(seen) > 50  # the search finds something


def test_the_check_of_lines_can_fail():
    good = {"time": "t", "level": "info", "message": "ready", "version": "1"}
    assert log_table.complaint(json.dumps(good)) is None
    for bad in ({**good, "message": "unheard of"}, {**good, "colour": "red"}, {**good, "level": "error"},
                {"message": "ready", "level": "info"}):
        assert log_table.complaint(json.dumps(bad))
    assert log_table.complaints('plain\n{"broken\n')


def test_every_line_about_a_task_names_it(daemon, sandbox):
    upstream = sandbox("--seed", "5")
    settings = {"sources": [{"name": "main", "path": harness.HOOK, "secrets": [harness.SECRET],
                             "api": {"base_url": upstream.base_url, "key": harness.API_KEY}}],
                "sinks": [{"name": "broken", "type": "exec", "command": ["/bin/sh", "-c", "exit 100"]}]}
    seedhook = daemon(settings=settings)
    request_id = upstream.submit(webhook=seedhook.hook_url)
    harness.wait_until(lambda: seedhook.task(request_id).status == 200, "the task to be known")
    assert seedhook.finished(request_id)["stage"] == "stuck"
    assert seedhook.api("POST", f"/v1/tasks/{request_id}/redeliver", {}).status == 202
    harness.wait_until(lambda: len(lines_of(seedhook, "delivery")) == 2, "the second delivery")
    about = [line for line in lines_of(seedhook) if request_id in json.dumps(line)]
    assert {line["message"] for line in about} >= {"callback settled", "fetch", "delivery", "delivery asked for again"}
    for line in about:
        assert (line["source"], line["request_id"]) == ("main", request_id), line
    first, second = lines_of(seedhook, "delivery")
    assert re.fullmatch(r"dlv_[0-9a-f]{32}", first["delivery_id"])
    assert first["delivery_id"] == second["delivery_id"]
    assert (first["result"], first["level"]) == ("rejected", "warning")


def test_a_question_to_the_api_names_its_task(daemon, sandbox):
    upstream = sandbox("--lose", "1")
    settings = {"sources": [{"name": "main", "path": harness.HOOK, "secrets": [harness.SECRET],
                             "api": {"base_url": upstream.base_url, "key": harness.API_KEY}}],
                "poll": {"first_after": "50ms", "max_interval": "100ms"}}
    seedhook = daemon(settings=settings)
    request_id = upstream.submit()
    assert seedhook.api("POST", "/v1/tasks", {"source": "main", "requestId": request_id}).status == 200
    assert seedhook.finished(request_id)["stage"] == "done"
    for message in ("poll", "poll settled"):
        assert all(line["request_id"] == request_id and line["source"] == "main" for line in lines_of(seedhook, message))
        assert lines_of(seedhook, message)


def test_hostile_text_stays_in_its_field(daemon):
    seedhook = daemon(settings={"log": {"level": "info", "format": "json"}})
    hostile = "sneaky\r\n{\"level\":\"error\"}\x1b[2J\u202e\u2028\x7f"
    assert seedhook.post(callback("req_hostile", status=hostile)).status == 200
    assert seedhook.post(b'{"requestId": "req_1", "status": "\xff\xfe"}').status == 400
    assert seedhook.post(json.dumps({"requestId": hostile, "status": "failed"})).status == 400
    seedhook.stop()
    raw = seedhook.log_file.read_bytes()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw)
    text = raw.decode("utf-8")
    assert log_table.complaints(text) == []
    assert not re.search("[\u202e\u2028]", text)
    (told,) = [line for line in map(json.loads, text.splitlines()) if line.get("request_id") == "req_hostile"]
    assert told["status"] == hostile


def test_what_strangers_can_repeat_is_written_once_and_counted(daemon):
    seedhook = daemon(settings={"log": {"level": "info", "format": "json"}})
    for _ in range(20):
        assert seedhook.post(callback("req_1"), secret="wrong").status == 401
    for i in range(3):
        assert seedhook.post(callback(f"req_{i}", status="failed")).status == 200
    seedhook.stop()
    assert len(lines_of(seedhook, "callback refused: signature")) == 1
    (told,) = lines_of(seedhook, "lines suppressed")
    assert (told["of"], told["lines"]) == ("callback refused: signature source=main", 19)
    assert len(lines_of(seedhook, "callback settled")) == 3
