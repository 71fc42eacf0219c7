"""Chromium as a fixture, driven through tests/integration/browser/driver.mjs. Import `browser` by name."""
import json
import os
import pathlib
import subprocess

import pytest

DRIVER = pathlib.Path(__file__).parent / "browser/driver.mjs"
MODULES = pathlib.Path(__file__).parents[2] / "build/browser/node_modules"
CHROMIUM = "/usr/bin/chromium"


class Browser:
    """One page at a time. Every method waits until what it is about is there, or fails."""

    def __init__(self):
        assert MODULES.exists(), f"{MODULES} is missing: scripts/test installs it"
        self.process = subprocess.Popen(["node", str(DRIVER), str(MODULES), CHROMIUM], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __getattr__(self, command):
        def run(**what):
            self.process.stdin.write(json.dumps({"command": command, **what}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            assert line, "the browser ended"
            answer = json.loads(line)
            assert "fault" not in answer, f"{command} {what}: {answer['fault']}"
            return answer["value"]

        return run

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait(30)

    def look(self, name):
        """Keeps a picture of the page, where SEEDHOOK_TEST_PICTURES names a folder for them."""
        if folder := os.environ.get("SEEDHOOK_TEST_PICTURES"):
            self.screenshot(path=f"{folder}/{name}.png")


@pytest.fixture(scope="module")
def browser():
    one = Browser()
    try:
        yield one
    finally:
        one.close()
