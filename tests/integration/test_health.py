"""`seedhook health`, as HEALTHCHECK and exec probes run it."""
import signal

import harness
import pytest
from test_commands import ScriptedApi


@pytest.fixture
def api(folder):
    with ScriptedApi(folder) as server:
        yield server
        server.shutdown()


def test_a_daemon_that_is_ready_is_healthy_and_one_that_has_ended_is_not(daemon):
    d = daemon()
    ready = d.command("health")
    assert (ready.returncode, ready.stdout, ready.stderr) == (0, "ready\n", "")
    alive = d.command("health", "--live")
    assert (alive.returncode, alive.stdout) == (0, "alive\n")
    assert d.command("health", "--json").stdout == '{"ready":true,"degraded":[]}\n'
    d.stop()
    ended = d.command("health")
    assert ended.returncode == 1
    assert "no daemon answers" in ended.stderr


def test_what_degrades_it_is_told_and_does_not_make_it_unhealthy(api):
    api.on("GET", "/readyz", (200, {"ready": True, "degraded": ["the disk is slow", "a\x1bb"]}))
    seen = api.command("health")
    assert seen.returncode == 0
    assert seen.stdout.splitlines()[:2] == ["ready", "degraded: the disk is slow"]
    assert "\x1b" not in seen.stdout


def test_one_that_is_not_ready_is_unhealthy_but_alive(api):
    document = {"ready": False, "reasons": ["the store cannot commit"], "degraded": []}
    api.on("GET", "/readyz", (503, document)).on("GET", "/healthz", (200, {"status": "ok"}))
    seen = api.command("health")
    assert (seen.returncode, seen.stdout) == (1, "")
    assert seen.stderr == "not ready\nreason: the store cannot commit\n"
    assert api.command("health", "--json").returncode == 1
    assert api.command("health", "--live").returncode == 0


def test_a_daemon_that_stands_still_is_unhealthy(daemon):
    d = daemon()
    d.signal(signal.SIGSTOP)
    try:
        # Whoever runs the check has a time-out of his own, which is shorter than ours.
        with pytest.raises(harness.subprocess.TimeoutExpired):
            harness.subprocess.run([harness.SEEDHOOK, "health", "-c", str(d.config_file)], timeout=2, check=False,
                                   capture_output=True)
    finally:
        d.signal(signal.SIGCONT)


def test_a_wrong_configuration_has_its_own_code(folder):
    (folder / "seedhook.yaml").write_text("control: {address: 5}\n")
    seen = harness.subprocess.run([harness.SEEDHOOK, "health", "-c", str(folder / "seedhook.yaml")], capture_output=True,
                                  check=False)
    assert seen.returncode == 78
