"""The dashboard in a real browser: what a person sees and can do, and what hostile text cannot."""
import json

import pytest

import harness
from browser import browser  # noqa: F401 (a fixture)
from control_api import TOKEN, Over

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest.fixture
def over():
    return Over()


@pytest.fixture
def shown(folder, authority, started, over):
    def start(**more):
        made = started(harness.Daemon(folder, authority, settings={**over.settings(), **more}))
        harness.wait_until(over.is_up, "the control API")
        return made

    return start


def log_in(browser, over, **how):
    browser.open(url=over.origin + "/", **how)
    browser.wait(selector="dialog[open]")
    browser.fill(selector="#token", text=TOKEN)
    browser.click(selector="dialog button")
    browser.wait(selector="#live", text="live")


def problems(browser, expected=()):
    """What went wrong but for what had to."""
    return [p for p in browser.problems() if not any(e in p for e in expected)]


# The browser itself reports each answer of an error; the first one of a page is that a token is wanted.
ASKED = ("401 (Unauthorized)",)


def finished(over, request_id, stage="done"):
    def look():
        answer = over.ask(f"/v1/tasks/{request_id}?wait=5s")
        return answer.status == 200 and answer.json["stage"] == stage
    harness.wait_until(look, f"{request_id} to be {stage}")


def test_a_task_appears_while_one_looks_and_its_video_plays(browser, shown, over, sandbox):
    s, d = sandbox(), shown()
    log_in(browser, over)
    browser.wait(selector="#empty", text="No tasks yet")
    assert browser.count(selector="#rows tr") == 0
    request_id = s.submit(webhook=d.hook_url)
    browser.wait(selector="#rows tr", text=request_id)
    finished(over, request_id)
    browser.wait(selector=f"#rows tr:has-text('{request_id}') .stage.done")
    browser.click(selector=f"#rows tr:has-text('{request_id}') a")
    browser.wait(selector="#detail h3", text="History")
    browser.wait(selector="#detail .history li", text="delivered")
    browser.wait(selector="#detail .deliveries li", text="library")
    browser.wait(selector="#detail video[src^='blob:']")
    harness.wait_until(lambda: browser.evaluate(script="document.querySelector('video').readyState >= 1"), "the video's head")
    assert browser.evaluate(script="document.querySelector('video').videoWidth") > 0
    browser.wait(selector="#feed li", text="delivered")
    browser.look("task")
    browser.press(key="Escape")
    harness.wait_until(lambda: browser.evaluate(script="document.querySelector('#detail').hidden"), "the task to be closed")
    assert problems(browser, ASKED) == []


def test_a_stuck_task_is_brought_back_by_its_button(browser, shown, over, sandbox, folder):
    s = sandbox()
    script = folder / "deliver"
    script.write_text("#!/bin/sh\nexit 100\n")
    script.chmod(0o755)
    d = shown(sinks=[{"name": "ingest", "type": "exec", "command": [str(script)]}])
    request_id = s.submit(webhook=d.hook_url)
    finished(over, request_id, "stuck")
    log_in(browser, over)
    browser.wait(selector="#stages button.stuck.some")
    browser.click(selector="#stages button.stuck")
    browser.wait(selector=f"#rows tr:has-text('{request_id}') .stage.stuck")
    browser.look("stuck")
    script.write_text("#!/bin/sh\nexit 0\n")
    browser.click(selector=f"#rows tr:has-text('{request_id}') button")
    finished(over, request_id)
    browser.wait(selector="#empty", text="No task is like this")  # among the stuck ones
    assert problems(browser, ASKED) == []


def test_hostile_text_is_text(browser, shown, over):
    d = shown()
    tracked = {"source": "main", "requestId": "req_evil", "model": HOSTILE[:100], "metadata": {HOSTILE: HOSTILE}}
    assert over.ask("/v1/tasks", "POST", json.dumps(tracked)).status == 200
    error = {"error": {"code": HOSTILE, "message": HOSTILE}}
    assert d.post({**harness.callback("req_evil", "failed"), **error}).status == 200
    log_in(browser, over)
    browser.click(selector="#rows a")
    browser.wait(selector="#detail .facts dd", text="onerror")
    assert d.post({**harness.callback("req_live", "failed"), **error}).status == 200
    browser.wait(selector="#feed li", text="req_live")
    browser.look("hostile")
    assert browser.count(selector="img, body script, [onerror]") == 0
    assert browser.evaluate(script="document.title") != "owned"
    assert problems(browser, ASKED) == []


def test_a_wrong_token_opens_nothing(browser, shown, over):
    shown()
    browser.open(url=over.origin + "/")
    browser.wait(selector="dialog[open]")
    browser.fill(selector="#token", text="wrong")
    browser.click(selector="dialog button")
    browser.wait(selector="#wrong", text="does not take this token")
    assert browser.count(selector="#rows tr") == 0
    assert browser.evaluate(script="sessionStorage.length") == 0
    browser.fill(selector="#token", text=TOKEN)
    browser.click(selector="dialog button")
    browser.wait(selector="#live", text="live")
    assert problems(browser, ASKED) == []


def test_it_goes_on_when_the_daemon_comes_back(browser, shown, over, folder, authority, started):
    d = shown()
    log_in(browser, over)
    d.stop()
    browser.wait(selector="#live", text="not connected")
    d = started(harness.Daemon(folder, authority, settings=d.settings, port=d.port))
    harness.wait_until(over.is_up, "the control API")
    browser.wait(selector="#live.on", text="live")
    assert d.post(harness.callback("req_1", "failed")).status == 200
    browser.wait(selector="#rows tr", text="req_1")
    assert problems(browser, (*ASKED, "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING")) == []


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_phone(browser, shown, over, dark):
    d = shown()
    for i in range(12):
        status = ("failed", "cancelled")[i % 2]
        assert d.post(harness.callback(f"req_of_a_rather_long_name_{i:04}", status)).status == 200
    log_in(browser, over, width=390, height=844, dark=dark)
    browser.wait(selector="#rows tr", text="0011")
    browser.look(f"phone-{'dark' if dark else 'light'}")
    assert browser.evaluate(script="document.documentElement.scrollWidth <= innerWidth")
    assert problems(browser, ASKED) == []
