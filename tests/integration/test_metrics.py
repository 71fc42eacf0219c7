"""/metrics: everything that is promised is there, from the start, and counts what really happens."""
import contextlib
import os
import signal
import sqlite3
import time

import harness
from asking import asking, track
from harness import callback
from prometheus import promtool, scrape, wait_for

PROMISED = {
    "seedhook_callbacks_total": "counter", "seedhook_callback_seconds": "histogram", "seedhook_tasks": "gauge",
    "seedhook_settled_total": "counter", "seedhook_polls_total": "counter", "seedhook_fetches_total": "counter",
    "seedhook_fetch_bytes_total": "counter", "seedhook_deliveries_total": "counter",
    "seedhook_delivery_seconds": "histogram", "seedhook_jobs": "gauge", "seedhook_oldest_due_seconds": "gauge",
    "seedhook_store_commit_seconds": "histogram", "seedhook_store_batch_size": "histogram",
    "seedhook_spool_bytes": "gauge", "seedhook_spool_room_bytes": "gauge",
    "seedhook_certificate_expiry_seconds": "gauge", "seedhook_build_info": "gauge", "seedhook_ready": "gauge",
    "seedhook_degraded": "gauge", "seedhook_connections": "gauge", "seedhook_connections_refused_total": "counter",
    "seedhook_tls_handshake_failures_total": "counter", "process_cpu_seconds_total": "counter", "process_resident_memory_bytes": "gauge",
    "process_virtual_memory_bytes": "gauge", "process_open_fds": "gauge", "process_max_fds": "gauge",
    "process_threads": "gauge", "process_start_time_seconds": "gauge",
}
CALLBACKS, FETCHES = "seedhook_callbacks_total", "seedhook_fetches_total"
DELIVERIES, POLLS = "seedhook_deliveries_total", "seedhook_polls_total"


def hook(name, script, **more):
    return {"name": name, "type": "exec", "command": script, "shell": True, "on": ["succeeded", "failed"],
            "retry": {"min_delay": "100ms", "max_delay": "200ms"}, **more}


def test_every_metric_is_there_from_the_start_and_prometheus_finds_no_fault(sandbox, daemon):
    d = daemon(settings=asking(sandbox()))
    metrics = scrape(d)
    for name, kind in PROMISED.items():
        assert metrics.types.get(name) == kind, name
        assert len(metrics.helps.get(name, "")) > 10, name
        sample = name + "_count" if kind == "histogram" else name
        assert sample in metrics.values, name
    assert promtool("check", "metrics", stdin=metrics.text).strip() == ""
    for result in ("settled", "duplicate", "conflict", "confirming", "ignored", "unauthorized", "limited", "invalid",
                   "unavailable"):
        assert metrics.value(CALLBACKS, source="main", result=result) == 0
    for result in ("finished", "unfinished", "not_found", "unauthorized", "rate_limited", "failed"):
        assert metrics.value(POLLS, source="main", result=result) == 0
    for result in ("fetched", "retry", "blocked", "rejected"):
        assert metrics.value(FETCHES, result=result) == 0
    for result in ("delivered", "retry", "blocked", "rejected"):
        assert metrics.value(DELIVERIES, sink="library", result=result) == 0
    for reason in ("address", "overload", "proxy", "resources"):
        assert metrics.value("seedhook_connections_refused_total", reason=reason) == 0
    assert metrics.value("seedhook_ready") == 1


def test_each_end_of_a_callback_is_counted(sandbox, daemon):
    box = sandbox()
    settings = asking(box, first_after="1h")
    hints = {**settings["sources"][0], "name": "hints", "path": "/hints", "verify": "both"}
    settings["sources"].append(hints)
    d = daemon(settings=settings)
    assert d.post(callback("req_1", "failed")).status == 200
    assert d.post(callback("req_1", "failed")).status == 200
    assert d.post(callback("req_1", "cancelled")).status == 200
    assert d.post(callback("req_2", "processing")).status == 200
    assert d.post(callback("req_3"), secret="wrong").status == 401
    assert d.post("{").status == 400
    assert d.post(callback("req_4"), target="/hints").status == 200
    metrics = scrape(d)
    for result in ("settled", "duplicate", "conflict", "ignored", "unauthorized", "invalid"):
        assert metrics.value(CALLBACKS, source="main", result=result) == 1, result
    assert metrics.value(CALLBACKS, source="hints", result="confirming") == 1
    assert metrics.value("seedhook_callback_seconds_count") == 7
    assert metrics.value("seedhook_settled_total", source="main", by="callback", status="failed") == 1
    assert metrics.value("seedhook_store_commit_seconds_count") >= 4
    assert metrics.value("seedhook_store_batch_size_sum") >= 4
    assert metrics.value("seedhook_tasks", stage="waiting") >= 1


def test_a_callback_that_cannot_be_stored_is_counted(daemon):
    d = daemon()
    with contextlib.closing(sqlite3.connect(d.settings["store"]["path"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody else can commit now
        harness.wait_until(lambda: d.post(callback("req_1", "failed")).status == 503, "a refusal")
        metrics = scrape(d)
        assert metrics.value(CALLBACKS, source="main", result="unavailable") >= 1
        other.execute("ROLLBACK")
    harness.wait_until(lambda: d.post(callback("req_1", "failed")).status == 200, "the store to be mended")
    harness.wait_until(lambda: scrape(d).value("seedhook_ready") == 1, "the daemon to be ready")


def test_each_end_of_a_fetch_and_a_delivery_is_counted(sandbox, daemon, folder):
    box = sandbox("--duration-ms", 200, "--break-downloads", 1)
    flag = folder / "mended"
    settings = {"sinks": [hook("good", "exit 0"), hook("no", "exit 100"), hook("later", f"test -e {flag} || exit 75"),
                          {"name": "blocked", "type": "exec", "command": ["/nonexistent/hook"]}]}
    d = daemon(settings=settings)
    request_id = box.submit(webhook=d.hook_url)
    wait_for(d, FETCHES, result="fetched")
    for sink, result in (("good", "delivered"), ("no", "rejected"), ("later", "retry"), ("blocked", "blocked")):
        wait_for(d, DELIVERIES, sink=sink, result=result)
    flag.touch()
    wait_for(d, DELIVERIES, sink="later", result="delivered")
    assert d.post(callback("req_gone", url="https://10.0.0.1/none.mp4")).status == 200
    wait_for(d, FETCHES, result="rejected")
    metrics = scrape(d)
    assert metrics.value(FETCHES, result="retry") >= 1  # the transfer that broke off
    size = box.task(request_id)["video"]["size"]
    assert metrics.value("seedhook_fetch_bytes_total") >= size
    assert metrics.value("seedhook_spool_bytes") >= size  # `blocked` has not had it
    assert metrics.value("seedhook_spool_room_bytes") > 0
    assert metrics.value("seedhook_delivery_seconds_count", sink="good") == 1
    assert 0 < metrics.value("seedhook_delivery_seconds_sum", sink="good") < 10
    assert metrics.value("seedhook_jobs", kind="deliver", state="blocked") == 1
    assert metrics.value("seedhook_tasks", stage="stuck") >= 1
    wait_for(d, "seedhook_degraded", reason="sink")


def test_each_answer_of_the_api_is_counted(sandbox, daemon):
    box = sandbox("--duration-ms", 600, "--lose", 1)
    d = daemon(settings=asking(box, first_after="100ms", max_interval="200ms"))
    track(d, box.submit(), "req_unknown")
    for result in ("unfinished", "finished", "not_found"):
        wait_for(d, POLLS, source="main", result=result)
    wait_for(d, "seedhook_settled_total", source="main", by="poll", status="succeeded")
    box.hook("behaviour", {"server-errors": 1, "faults-on": ["status"]})
    track(d, box.submit())
    wait_for(d, POLLS, source="main", result="failed")
    box.hook("behaviour", {"server-errors": 0})
    box.hook("key", {"revoked": True})
    wait_for(d, POLLS, source="main", result="unauthorized")
    wait_for(d, "seedhook_degraded", reason="api")


def test_a_limited_rate_is_counted(sandbox, daemon):
    box = sandbox("--duration-ms", 60_000, "--rate-limit", 2, "--rate-window-ms", 60_000)
    d = daemon(settings=asking(box, first_after="50ms", max_interval="100ms"))
    track(d, box.submit())
    wait_for(d, POLLS, source="main", result="rate_limited")


def test_gauges_tell_of_time_and_of_the_process(daemon, folder):
    d = daemon(settings={"sinks": [{"name": "never", "type": "exec", "command": ["/bin/sleep", "60"], "concurrency": 1,
                                    "on": ["failed"], "timeout": "60s"}], "shutdown_grace": "100ms"})
    for n in range(3):
        assert d.post(callback(f"req_{n}", "failed")).status == 200
    wait_for(d, "seedhook_oldest_due_seconds", kind="deliver")
    metrics = scrape(d)
    assert metrics.value("seedhook_jobs", kind="deliver", state="running") == 1
    assert metrics.value("seedhook_jobs", kind="deliver", state="due") == 2
    assert 0 < metrics.value("seedhook_certificate_expiry_seconds", certificate=str(folder / "server.pem")) <= 86400
    assert abs(metrics.value("process_start_time_seconds") - time.time()) < 300
    fds = len(os.listdir(f"/proc/{d.process.pid}/fd"))
    assert abs(metrics.value("process_open_fds") - fds) <= 3
    assert metrics.value("process_resident_memory_bytes") > 1e6
    assert metrics.value("process_threads") == len(os.listdir(f"/proc/{d.process.pid}/task"))


def test_strangers_make_no_labels_and_names_that_are_gone_are_gone(daemon):
    d = daemon()
    for n in range(20):
        assert d.post(callback("req_1"), target=f"/hooks/{n}").status == 404
        assert d.post(callback(f"req_{n}", status=f"invented-{n}")).status == 200
    before = scrape(d)
    assert before.labels(CALLBACKS, "source") == {"main"}
    assert sum(map(len, before.values.values())) == sum(map(len, scrape(d).values.values()))
    assert "invented" not in before.text and "req_" not in before.text
    d.settings["sources"][0]["name"] = "other"
    d.settings["sinks"][0]["name"] = "attic"
    d.write_config()
    d.signal(signal.SIGHUP)
    harness.wait_until(lambda: scrape(d).labels(CALLBACKS, "source") == {"other"}, "the reload")
    after = scrape(d)
    assert after.labels("seedhook_settled_total", "source") == {"other"}
    assert after.labels(DELIVERIES, "sink") == after.labels("seedhook_delivery_seconds_count", "sink") == {"attic"}
    assert sum(map(len, after.values.values())) == sum(map(len, before.values.values()))


def test_a_refused_reload_is_a_reason_to_be_degraded(daemon):
    d = daemon()
    assert scrape(d).value("seedhook_degraded", reason="configuration") == 0
    d.config_file.write_text("sources: 3")
    d.signal(signal.SIGHUP)
    wait_for(d, "seedhook_degraded", reason="configuration")
    d.write_config()
    d.signal(signal.SIGHUP)
    harness.wait_until(lambda: scrape(d).value("seedhook_degraded", reason="configuration") == 0, "the reload")
