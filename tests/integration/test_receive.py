"""What callbacks are answered, genuine, broken and hostile: the table of SPEC §2, over real TLS."""
import base64
import json
import threading

import pytest

import harness
from harness import HOOK, callback, sign
from receiving import accepted, nothing_stored_but_what_was_accepted, receiver  # noqa: F401  pylint: disable=unused-import


# -- genuine callbacks


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_terminal_status_is_settled_once(receiver, accepted, status):
    request_id = f"req_once_{status}"
    body = json.dumps(callback(request_id, status, error="out of luck"))
    first = receiver.post(body)
    assert (first.status, first.json) == (200, {"success": True, "requestId": request_id, "duplicate": False})
    assert first.headers["Content-Type"].startswith("application/json")
    accepted(request_id)
    for _ in range(3):
        again = receiver.post(body)
        assert (again.status, again.json) == (200, {"success": True, "requestId": request_id, "duplicate": True})
    task = receiver.task(request_id).json
    assert (task["status"], task["settledBy"]) == (status, "callback")


def test_another_status_or_url_afterwards_is_a_conflict_that_changes_nothing(receiver, accepted):
    receiver.post(callback("req_conflict", url="https://videos.invalid/a.mp4"))
    accepted("req_conflict")
    assert receiver.post(callback("req_conflict", "failed")).json["duplicate"] is True
    assert receiver.post(callback("req_conflict", url="https://videos.invalid/b.mp4")).json["duplicate"] is True
    task = receiver.task("req_conflict").json
    assert task["status"] == "succeeded" and task["videoUrl"] == "https://videos.invalid/a.mp4"
    assert [e["kind"] for e in task["events"]].count("conflict") == 2


@pytest.mark.parametrize("status", ["queued", "processing", "dreaming"])
def test_a_status_that_is_not_terminal_is_ignored_but_tracked(receiver, accepted, status):
    request_id = f"req_not_yet_{status}"
    answer = receiver.post(callback(request_id, status))
    assert answer.status == 200
    assert answer.json == {"success": True, "requestId": request_id, "duplicate": False, "ignored": True}
    accepted(request_id)
    assert receiver.task(request_id).json["stage"] == "waiting"
    assert receiver.post(callback(request_id, "failed")).json["duplicate"] is False
    assert receiver.task(request_id).json["status"] == "failed"


@pytest.mark.parametrize("output", [None, {}, {"url": None}, {"url": ""}, {"url": 7}, "https://x", []])
def test_success_without_a_usable_url_is_accepted(receiver, accepted, output):
    request_id = f"req_no_url_{abs(hash(str(output)))}"
    assert receiver.post(callback(request_id) | {"output": output}).status == 200
    accepted(request_id)


@pytest.mark.parametrize("error", [None, "text", {"code": "c", "message": "m"}, {"code": 5}, ["x"], 7])
def test_any_shape_of_error_is_accepted(receiver, accepted, error):
    request_id = f"req_error_{abs(hash(str(error)))}"
    assert receiver.post(callback(request_id, "failed", error=error) | {"success": "?"}).status == 200
    accepted(request_id)


def test_unknown_fields_do_not_matter(receiver, accepted):
    assert receiver.post(callback("req_more", "failed", extra={"deep": [1, {"x": None}]}, id=7)).status == 200
    accepted("req_more")


def test_many_at_once_are_each_answered_once(receiver, accepted):
    """Eight connections tell the same twenty tasks: each task is new exactly once."""
    verdicts, failures = [], []

    def tell():
        try:
            for n in range(20):
                verdicts.append(receiver.post(callback(f"req_race_{n}", "failed")).json["duplicate"])
        except Exception as e:  # pylint: disable=broad-except
            failures.append(e)

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures
    assert verdicts.count(False) == 20 and len(verdicts) == 160
    for n in range(20):
        accepted(f"req_race_{n}")


# -- signatures


def test_every_secret_of_a_source_is_good(receiver, accepted):
    assert receiver.post(callback("req_old_secret", "failed"), secret="whsec_old").status == 200
    accepted("req_old_secret")


def test_upper_case_and_spaces_around_are_good(receiver, accepted):
    body = json.dumps(callback("req_case", "failed"))
    assert receiver.post(body, {"x-seedance-signature": sign(body).upper()}).status == 200
    assert receiver.post(body, {"X-SEEDANCE-SIGNATURE": f"  {sign(body)} \t"}).status == 200
    accepted("req_case")


BODY = json.dumps(callback("req_forged"))
GOOD = sign(BODY)


@pytest.mark.parametrize("headers", [
    {}, {"x-seedance-signature": ""}, {"x-seedance-signature": " "}, {"x-seedance-signature": "0" * 64},
    {"x-seedance-signature": GOOD[:-1]}, {"x-seedance-signature": GOOD + "0"}, {"x-seedance-signature": GOOD[:32]},
    {"x-seedance-signature": "0x" + GOOD}, {"x-seedance-signature": "sha256=" + GOOD},
    {"x-seedance-signature": GOOD + "," + GOOD}, {"x-seedance-signature": GOOD[:30] + " " + GOOD[30:]},
    {"x-seedance-signature": base64.b64encode(bytes.fromhex(GOOD)).decode()},
    {"x-seedance-signature": sign(BODY, "")}, {"x-seedance-signature": sign(BODY, "wrong")},
    {"x-seedance-signature": sign(BODY + " ")}, {"x-seedance-signature": "g" * 64}, {"x-seedance-signature": "é" * 32},
    {"x-seedance-signature2": GOOD}, {"signature": GOOD}, {"Authorization": f"Bearer {GOOD}"},
    {"x-seedance-signature": "0" * 8000},
], ids=str)
def test_what_is_not_the_signature_is_unauthorized(receiver, headers):
    answer = receiver.post(BODY, headers)
    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.json["success"] is False
    assert harness.SECRET not in answer.body.decode() and GOOD not in answer.body.decode()


def test_two_signature_headers_are_unauthorized(receiver):
    for first, second in ((GOOD, GOOD), (GOOD, "0" * 64), ("0" * 64, GOOD)):
        head = f"POST {HOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n"
        head += f"x-seedance-signature: {first}\r\nX-Seedance-Signature: {second}\r\n\r\n"
        assert receiver.raw(head.encode() + BODY.encode()).startswith(b"HTTP/1.1 401 ")


def test_nothing_is_parsed_before_the_signature_holds(receiver):
    for body in ("{", "", "[[[[", '{"requestId": "../x"}'):
        assert receiver.post(body, {"x-seedance-signature": "0" * 64}).status == 401


def test_a_prefix_is_required_where_it_is_configured(receiver, accepted):
    body = json.dumps(callback("req_prefixed", "failed"))
    target = "/hooks/prefixed"
    assert receiver.post(body, {"x-hub-signature-256": sign(body, "p")}, target=target).status == 401
    assert receiver.post(body, {"x-seedance-signature": sign(body, "p")}, target=target).status == 401
    assert receiver.post(body, {"x-hub-signature-256": "sha256=" + sign(body, "p")}, target=target).status == 200
    accepted("req_prefixed", "prefixed")


def test_content_and_encoding_follow_the_configuration(receiver, accepted):
    body = json.dumps(callback("req_timed", "failed"))
    mac = base64.b64encode(bytes.fromhex(sign(f"1763800000.{body}", "t"))).decode()
    target = "/hooks/timed"
    assert receiver.post(body, {"x-sig": mac, "x-time": "1763800001"}, target=target).status == 401
    assert receiver.post(body, {"x-sig": mac}, target=target).status == 401
    assert receiver.post(body, {"x-sig": sign(f"1763800000.{body}", "t"), "x-time": "1763800000"}, target=target).status == 401
    assert receiver.post(body, {"x-sig": mac, "x-time": "1763800000"}, target=target).status == 200
    accepted("req_timed", "timed")


def test_a_source_without_verification_takes_anything_well_formed(receiver, accepted):
    assert receiver.post(callback("req_open", "failed"), {}, target="/hooks/open").status == 200
    assert receiver.post("{", {}, target="/hooks/open").status == 400
    accepted("req_open", "open")


def test_a_signature_for_one_source_is_no_good_for_another(receiver):
    assert receiver.post(BODY, {"x-hub-signature-256": "sha256=" + GOOD}, target="/hooks/prefixed").status == 401


# -- bodies


@pytest.mark.parametrize("body", [
    b"", b" ", b"null", b"7", b"[]", b'"x"', b"{", b"{}", b'{"requestId":"req_j"}', b'{"status":"failed"}',
    b'{"requestId":null,"status":"failed"}', b'{"requestId":7,"status":"failed"}', b'{"requestId":["req_j"],"status":"failed"}',
    b'{"requestId":"req_j","status":7}', b'{"requestId":"req_j","status":null}', b'{"requestId":"req_j","status":{}}',
    b'{"requestId":"req_j","status":"failed","requestId":"req_k"}', b'{"requestId":"req_j","status":"failed","status":"succeeded"}',
    b'{"requestId":"req_j","status":"failed","a":{"b":1,"b":2}}', b'{"requestId":"req_j","status":"failed"}x',
    b'{"requestId":"req_j","status":"failed"}{}', b'{"requestId":"req_j","status":"failed",}',
    b"{'requestId':'req_j','status':'failed'}", b'{"requestId":"req_j","status":"failed"/**/}',
    b'{"requestId":"req_j","status":"failed","x":NaN}', b'{"requestId":"req_j","status":"failed","x":01}',
    b'{"requestId":"req_j","status":"failed","x":"\xff"}', b'{"requestId":"req_j","status":"failed","x":"\xc0\xaf"}',
    b'{"requestId":"req_j","status":"failed","x":"\xed\xa0\x80"}', b'{"requestId":"req_j","status":"failed","x":"\\ud800"}',
    b'{"requestId":"req_j","status":"failed","x":"\x00"}', b'\xef\xbb\xbf{"requestId":"req_j","status":"failed"}',
    b'{"requestId":"req_j","status":"failed","x":' + b"[" * 40 + b"]" * 40 + b"}",
    b'{"requestId":"req_j","status":"failed","x":' + b"[" * 30000,
    b'{"requestId":"req_j","status":"failed","x":' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}",
    "{\"requestId\":\"req_j\",\"status\":\"failed\"}".encode("utf-16"),
], ids=lambda b: repr(b[:60]))
def test_signed_nonsense_is_an_invalid_request(receiver, body):
    answer = receiver.post(body)
    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize("request_id", [
    "", ".", "..", ".hidden", "-rf", "../../etc/passwd", "a/b", "a\\b", "/etc/passwd", "..%2f..%2fetc", "a b", "a\n", "a\r\nb",
    "a\x00", "x" * 129, "ｒｅｑ", "réq", "a;b", "a$b", "a|b", "$(id)", "`id`", "a'b", 'a"b', "<b>", "{requestId}", "C:\\x", "a?b", "a#b",
    "a+b", "a*", "~/x/../y", "\u202ex",
], ids=repr)
def test_request_ids_that_are_no_names_are_refused(receiver, request_id):
    answer = receiver.post(callback(request_id))
    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize("request_id", ["r", "0", "_x", "~x", "x" * 128, "a..b", "A-Z:0~9._", ":x", "CON", "x."])
def test_unusual_names_are_names(receiver, accepted, request_id):
    answer = receiver.post(callback(request_id, "failed"))
    assert answer.status == 200 and answer.json["requestId"] == request_id
    accepted(request_id)


def test_a_body_of_the_limit_is_taken_and_one_more_byte_is_too_large(receiver, accepted):
    def padded(request_id, size):
        bare = json.dumps(callback(request_id, "failed", pad=""))
        return json.dumps(callback(request_id, "failed", pad="x" * (size - len(bare))))

    assert receiver.post(padded("req_largest", 65536)).status == 200
    accepted("req_largest")
    assert receiver.post(padded("req_larger", 65537)).status == 413


def test_a_body_that_says_it_is_huge_is_refused_before_it_comes(receiver):
    head = f"POST {HOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
    assert receiver.raw(head.encode()).startswith(b"HTTP/1.1 413 ")
    head = f"POST {HOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n"
    assert receiver.raw(head.encode()).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_over_the_limit_is_refused(receiver):
    head = f"POST {HOOK} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert b"HTTP/1.1 413 " in receiver.raw(head + (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 6)[:20]


# -- methods and paths


def test_other_methods_are_told_which_is_allowed(receiver):
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = receiver.post(b"", {}, method=method)
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("target", ["/", "/hooks", "/hooks/seedance/", "/hooks/seedance/x", "//hooks/seedance", "/hooks//seedance",
                                    "/HOOKS/SEEDANCE", "/hooks/../hooks/seedance", "/hooks/seedanc%65", "/v1/tasks", "/metrics",
                                    "/readyz", "/hooks/seedance%00"])
def test_other_paths_are_not_found(receiver, target):
    answer = receiver.post(BODY, {"x-seedance-signature": GOOD}, target=target)
    assert answer.status in (404, 400) and answer.json["success"] is False


# -- the whole


def test_metrics_count_what_was_answered(receiver):
    def counted(result):
        text = receiver.api("GET", "/metrics").body.decode()
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith("seedhook_callbacks_total{") and f'result="{result}"' in line)

    before = counted("unauthorized")
    receiver.post(BODY, {})
    assert counted("unauthorized") == before + 1


def test_no_secret_reaches_the_log(receiver):
    log = receiver.log_file.read_text()
    assert "whsec" not in log and GOOD not in log
