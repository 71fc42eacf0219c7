"""docs/install.md's proxies and packaging/kubernetes: the configurations that people copy, tried as they stand there."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import harness
import pytest
import yaml
from harness import HOOK, callback, sign

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs/install.md").read_text(encoding="utf-8")
MANIFESTS = sorted((PROJECT / "packaging/kubernetes").glob("*.yaml"))


def block(language):
    """The page's only block of that language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(found) == 1
    return found[0]


# -- behind a proxy


@pytest.fixture
def behind(daemon, folder):
    """A daemon whose only listener is a unix socket."""
    return daemon(settings={"listeners": [{"address": f"unix:{folder}/hooks.sock"}]})


def replaced(text, **by):
    for old, new in by.values():
        assert old in text
        text = text.replace(old, new)
    return text


def start_nginx(folder, certificate, key, port):
    """As on the page, but for the port and the places of files."""
    server = replaced(block("nginx"), port=("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
                      socket=("/run/seedhook/hooks.sock", f"{folder}/hooks.sock"),
                      certificate=("/etc/letsencrypt/live/hooks.example.com/fullchain.pem", certificate),
                      key=("/etc/letsencrypt/live/hooks.example.com/privkey.pem", key))
    temporary = "".join(f"{kind}_temp_path {folder}/nginx-{kind};\n" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    # The workers of a root's nginx would be another user, who may not use the socket.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"{user} daemon off; pid {folder}/nginx.pid; error_log stderr; events {{}}\n"
                                       f"http {{ access_log off; {temporary} {server} }}\n")
    return harness.Program("nginx", ["nginx", "-e", "stderr", "-c", str(folder / "nginx.conf")], folder)


def start_caddy(folder, certificate, key, port):
    site = replaced(block("caddy"), host=("hooks.example.com {", f"https://127.0.0.1:{port} {{\n\ttls {certificate} {key}"),
                    socket=("/run/seedhook/hooks.sock", f"{folder}/hooks.sock"))
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{site}")
    places = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    return harness.Program("caddy", ["caddy", "run", "--config", str(folder / "Caddyfile")], folder, environment=places)


class Proxy:
    def __init__(self, start, folder, authority):
        self.port, self.authority = harness.free_port(), authority
        self.program = start(folder, *authority.issue("proxy"), self.port)

    def post(self, body, headers=None, target=HOOK):
        if isinstance(body, dict):
            body = json.dumps(body)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=harness.PATIENCE,
                                                 context=self.authority.client_context())
        return harness.exchange(connection, "POST", target, body, headers or {"x-seedance-signature": sign(body)})

    def listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        assert self.program.running, self.program.logs()
        return False


@pytest.fixture(params=[("nginx", start_nginx), ("caddy", start_caddy)], ids=lambda p: p[0])
def proxy(request, behind, folder, authority):
    name, start = request.param
    if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip(f"{name} is not installed")
    made = Proxy(start, folder, authority)
    try:
        harness.wait_until(made.listens, f"{name} to listen")
        yield made
    finally:
        made.program.signal(signal.SIGTERM)
        made.program.wait()


def test_callbacks_come_through_a_proxy_unchanged(proxy, behind):
    # Spaces and order as a JSON library would not write them: the bytes are what is signed.
    body = '{ "status":"failed",\n  "requestId" : "req_through" , "success":false, "note":"\\u00e9 ü" }'
    first = proxy.post(body.encode())
    assert (first.status, first.json) == (200, {"success": True, "requestId": "req_through", "duplicate": False})
    assert proxy.post(body.encode()).json["duplicate"] is True
    assert behind.task("req_through").json["status"] == "failed"


def test_refusals_come_back_through_a_proxy_as_they_are(proxy, behind):
    forged = proxy.post(callback("req_forged", "failed"), {"x-seedance-signature": "0" * 64})
    assert (forged.status, forged.code) == (401, "unauthorized")
    assert proxy.post("no json").status == 400
    assert proxy.post(json.dumps(callback("req_big", "failed", pad="x" * 100_000))).status == 413
    assert proxy.post(callback("req_elsewhere", "failed"), target="/other").status == 404
    assert proxy.post(callback("req_elsewhere", "failed"), target=HOOK + "/more").status == 404
    assert behind.tasks() == []


def test_a_proxy_answers_5xx_while_the_daemon_is_away_and_finds_it_again(proxy, behind, folder, authority, started):
    assert proxy.post(callback("req_before", "failed")).status == 200
    behind.stop()
    assert proxy.post(callback("req_while", "failed")).status in (502, 503, 504)
    again = started(harness.Daemon(folder, authority, settings={"listeners": behind.settings["listeners"]})).ready()
    harness.wait_until(lambda: proxy.post(callback("req_while", "failed")).status == 200, "the way through the proxy")
    assert {t["requestId"] for t in again.tasks()} == {"req_before", "req_while"}


# -- Kubernetes


def documents():
    for path in MANIFESTS:
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path.stem, document


def pods():
    """(the manifest's name, the controller) of everything that has a pod in it"""
    return [(name, d) for name, d in documents() if d["kind"] in ("Deployment", "StatefulSet")]


def of_kind(manifest, kind):
    return [d for name, d in documents() if name == manifest and d["kind"] == kind]


def configuration(manifest):
    """The text of seedhook.yaml in it."""
    maps = of_kind(manifest, "ConfigMap")
    assert len(maps) == 1
    return maps[0]["data"]["seedhook.yaml"]


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


def seedhook_container(controller):
    return next(c for c in controller["spec"]["template"]["spec"]["containers"] if c["name"] == "seedhook")


def test_there_are_a_sidecar_and_a_deployment_to_look_at():
    assert [name for name, _ in pods()] == ["deployment", "sidecar"]


@pytest.mark.parametrize("manifest", [p.stem for p in MANIFESTS])
def test_the_configuration_in_a_manifest_is_right(manifest, folder):
    text = configuration(manifest)
    for name in re.findall(r"\$\{file:/etc/seedhook/secrets/([\w-]+)\}", text):
        (folder / name).write_text("stand-in\n")
    (folder / "seedhook.yaml").write_text(text.replace("/etc/seedhook/secrets", str(folder)))
    seen = subprocess.run([harness.SEEDHOOK, "check", "-c", str(folder / "seedhook.yaml")], capture_output=True, text=True,
                          check=False)
    assert seen.returncode == 0, seen.stderr
    assert "${env:" not in text


@pytest.mark.parametrize("name, controller", pods())
def test_a_pod_is_what_the_restricted_standard_asks_for(name, controller):
    pod = controller["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context.get("runAsUser", pod["securityContext"].get("runAsUser")) > 0


@pytest.mark.parametrize("name, controller", pods())
def test_the_parts_of_a_manifest_fit_together(name, controller):
    template = controller["spec"]["template"]
    wanted = controller["spec"]["selector"]["matchLabels"].items()
    assert wanted <= template["metadata"]["labels"].items()
    for service in of_kind(name, "Service"):
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        ports = {p["name"] for p in seedhook_container(controller)["ports"]}
        assert {p["targetPort"] for p in service["spec"]["ports"]} <= ports
    volumes = {v["name"] for v in template["spec"]["volumes"]}
    volumes |= {v["metadata"]["name"] for v in controller["spec"].get("volumeClaimTemplates", [])}
    for container in template["spec"]["containers"]:
        assert {m["name"] for m in container["volumeMounts"]} <= volumes
    for volume in template["spec"]["volumes"]:
        if claim := volume.get("persistentVolumeClaim"):
            assert claim["claimName"] in [c["metadata"]["name"] for c in of_kind(name, "PersistentVolumeClaim")]
        if config := volume.get("configMap"):
            assert config["name"] in [c["metadata"]["name"] for c in of_kind(name, "ConfigMap")]


@pytest.mark.parametrize("name, controller", pods())
def test_a_pod_has_what_its_configuration_says(name, controller, folder):
    settings = yaml.safe_load(configuration(name))
    container = seedhook_container(controller)
    pod = controller["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > seconds(settings["shutdown_grace"])
    ports = {p["containerPort"] for p in container["ports"]}
    assert {int(l["address"].rpartition(":")[2]) for l in settings["listeners"]} == ports
    writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
    places = [settings["spool"]["path"], settings["store"]["path"], settings["control"]["address"].removeprefix("unix:")]
    places += [sink["path"] for sink in settings["sinks"] if sink["type"] == "directory"]
    for place in places:
        assert any(place == mount or place.startswith(mount + "/") for mount in writable), place
    assert controller["spec"]["replicas"] == 1


@pytest.mark.parametrize("name, controller", pods())
def test_the_probes_ask_as_the_program_can_be_asked(name, controller):
    container = seedhook_container(controller)
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        program, command, *options = container[probe]["exec"]["command"]
        assert program == "seedhook"
        known = subprocess.run([harness.SEEDHOOK, "--help"], capture_output=True, text=True, check=False).stdout
        assert re.search(rf"^  {command} ", known.partition("Subcommands:")[2], re.M)
        known = subprocess.run([harness.SEEDHOOK, command, "--help"], capture_output=True, text=True, check=False).stdout
        assert all(re.search(rf"^  {option} ", known, re.M) for option in options)
    assert container["readinessProbe"]["exec"]["command"] == ["seedhook", "health"]
    assert container["livenessProbe"]["exec"]["command"] == ["seedhook", "health", "--live"]


def test_the_image_has_the_user_that_the_manifests_name():
    text = (PROJECT / "packaging/Dockerfile").read_text(encoding="utf-8")
    user = int(re.search(r"^ARG UID=(\d+)$", text, re.M)[1])
    for _, controller in pods():
        pod = controller["spec"]["template"]["spec"]
        container = seedhook_container(controller)
        assert container["securityContext"].get("runAsUser", pod["securityContext"].get("runAsUser")) == user
        assert pod["securityContext"]["fsGroup"] == user
