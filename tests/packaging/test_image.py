"""The image (IMAGE: what buildah says of it; IMAGE_ROOT: its root, mounted), run as a container engine would: read-only, as the
user, with the entry point and the health check that it names, as process 1. It has only its volumes to write to."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess

import harness
import pytest

IMAGE = json.loads(pathlib.Path(os.environ["IMAGE"]).read_text(encoding="utf-8"))["Docker"]["config"]
ROOT = pathlib.Path(os.environ["IMAGE_ROOT"])
USER, GROUP = map(int, IMAGE["User"].split(":"))


@pytest.fixture
def folder():
    with harness.workplace() as path:
        path.chmod(0o755)
        yield path


class Container:
    """The image's root with volumes, and processes in it."""

    def __init__(self, folder, authority):
        self.folder, self.authority, self.port = folder, authority, harness.free_port()
        self.etc, self.videos, self.run = folder / "etc", folder / "videos", folder / "run"
        for volume in (self.videos, self.run, folder / "state"):
            volume.mkdir()
            os.chown(volume, USER, GROUP)
        self.etc.mkdir()
        certificate, key = authority.issue("image")
        for name, file in {"certificate.pem": certificate, "key.pem": key, "ca.pem": authority.ca}.items():
            shutil.copy(file, self.etc / name)
            os.chown(self.etc / name, USER, GROUP)
        (self.etc / "webhook-secret").write_text(harness.SECRET + "\n")
        (self.etc / "seedhook.yaml").write_text(json.dumps(self.settings()))
        self.process = self.pid = None

    def settings(self):
        return {
            "listeners": [{"address": f"127.0.0.1:{self.port}", "tls": {"certificate": "/etc/seedhook/certificate.pem",
                                                                        "key": "/etc/seedhook/key.pem"}}],
            "sources": [{"name": "main", "path": harness.HOOK, "secrets": ["${file:/etc/seedhook/webhook-secret}"]}],
            "fetch": {"allow_cidrs": ["127.0.0.0/8"]},
            "outbound": {"ca_file": "/etc/seedhook/ca.pem", "proxy": "none"},
            "spool": {"path": "/var/lib/seedhook/spool", "min_free": "1MiB"},
            "store": {"path": "/var/lib/seedhook/seedhook.db"},
            "control": {"address": "unix:/run/seedhook/control.sock"},
            "sinks": [{"name": "library", "type": "directory", "path": "/srv/videos", "file": "{requestId}.{ext}"}],
        }

    def command(self, *words, information=None):
        """bwrap sets the mounts up, and setpriv, from the image, becomes the image's user without any privilege."""
        return ["bwrap", "--ro-bind", str(ROOT), "/", "--proc", "/proc", "--dev", "/dev",
                "--ro-bind", str(self.etc), "/etc/seedhook", "--bind", str(self.folder / "state"), "/var/lib/seedhook",
                "--bind", str(self.run), "/run/seedhook", "--bind", str(self.videos), "/srv/videos",
                "--chdir", IMAGE["WorkingDir"], "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1", "--clearenv",
                *[w for variable in IMAGE["Env"] for w in ("--setenv", *variable.split("=", 1))],
                *(["--info-fd", str(information)] if information else []),
                "setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
                "--no-new-privs", *words]

    def start(self):
        reads, writes = os.pipe()
        self.log = open(self.folder / "container.log", "wb")
        self.process = subprocess.Popen(self.command(*IMAGE["Entrypoint"], *IMAGE["Cmd"], information=writes),
                                        pass_fds=[writes], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        os.close(writes)
        with open(reads, encoding="utf-8") as information:
            self.pid = json.load(information)["child-pid"]

    def exec(self, *words):
        return subprocess.run(self.command(*words), capture_output=True, text=True, check=False, timeout=harness.PATIENCE)

    def health(self):
        kind, *words = IMAGE["Healthcheck"]["Test"]
        assert kind == "CMD"
        return self.exec(*words)

    def healthy(self):
        assert self.process.poll() is None, self.logs()
        return self.health().returncode == 0

    def logs(self):
        return (self.folder / "container.log").read_text(errors="replace")

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(harness.PATIENCE)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def container(folder):
    made = Container(folder, harness.Authority(folder))
    yield made
    made.kill()


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_the_user_is_a_number_and_not_root():
    assert USER > 0 and GROUP > 0


def test_its_volumes_are_the_users():
    for volume in ("var/lib/seedhook", "run/seedhook", "srv/videos"):
        assert ((ROOT / volume).stat().st_uid, (ROOT / volume).stat().st_gid) == (USER, GROUP)


def test_nothing_in_it_gives_privileges_to_seedhook_and_no_package_lists_are_left():
    assert not stat.S_IMODE((ROOT / "usr/bin/seedhook").stat().st_mode) & 0o7000
    assert list((ROOT / "var/lib/apt/lists").iterdir()) == []
    assert not (ROOT / "tmp/seedhook.deb").exists()


def test_a_callback_goes_in_and_a_video_comes_out_and_it_ends_well(container, folder):
    assert container.health().returncode == 1
    container.start()
    harness.wait_until(container.healthy, "the container to be healthy")

    assert container.exec("touch", "/srv/new", "/etc/new").returncode != 0
    about = status_of(container.pid)
    assert about["Uid"].split() == [str(USER)] * 4
    assert about["NoNewPrivs"] == "1"
    assert int(about["CapEff"], 16) == int(about["CapPrm"], 16) == int(about["CapBnd"], 16) == 0

    upstream = harness.Sandbox(folder, container.authority, "--duration-ms", 200)
    try:
        request_id = upstream.submit(f"https://127.0.0.1:{container.port}{harness.HOOK}")
        video = container.videos / f"{request_id}.mp4"
        harness.wait_until(video.exists, "the video in the shared volume")
        assert video.read_bytes()[4:8] == b"ftyp"
        assert (video.stat().st_uid, video.stat().st_gid) == (USER, GROUP)
        assert container.exec("seedhook", "show", request_id, "--wait", "10s").returncode == 0
    finally:
        upstream.stop()

    assert container.stop() == 0, container.logs()
    assert container.health().returncode == 1
    with socket.socket() as s:
        assert s.connect_ex(("127.0.0.1", container.port)) != 0


def test_what_it_knows_is_in_its_volume(container):
    container.start()
    harness.wait_until(container.healthy, "the container to be healthy")
    body = json.dumps(harness.callback("req_kept", "failed"))
    connection = harness.http.client.HTTPSConnection("127.0.0.1", container.port, timeout=harness.PATIENCE,
                                                     context=container.authority.client_context())
    assert harness.exchange(connection, "POST", harness.HOOK, body,
                            {"x-seedance-signature": harness.sign(body)}).status == 200
    assert container.stop() == 0
    container.start()
    harness.wait_until(container.healthy, "the container to be healthy again")
    assert container.exec("seedhook", "show", "req_kept").returncode == 0
    assert container.stop() == 0


def test_a_wrong_configuration_ends_it_with_every_mistake(container):
    (container.etc / "seedhook.yaml").write_text("sources: []\nspol: {}\n")
    container.start()
    assert container.process.wait(harness.PATIENCE) == 78
    assert "spool" in container.logs()
