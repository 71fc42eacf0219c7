"""Every command of the README's console blocks, in its order, as a reader would type it. Only what a reader would have to
change is changed: ports, the place of the build, and where the daemon's socket is."""
import json
import os
import pathlib
import re
import subprocess

import documents
import harness
import pytest

BUILD = pathlib.Path(harness.SEEDHOOK).resolve().parents[1]
SHOWN_ID = "req_1234567890"
GOES_ON = ("seedhook events",)


def console_commands(page):
    """(command, the lines of output that stand below it), for each block. What a root shell shows (`# …`) is left out."""
    for block in page.blocks:
        if block.language != "console":
            continue
        commands = []
        for line in block.lines:
            if line.startswith("# "):
                continue
            if line.startswith("$ "):
                commands.append([line[2:], []])
            elif commands[-1][0].endswith("\\"):
                commands[-1][0] += "\n" + line
            else:
                commands[-1][1].append(line)
        yield block, commands


class Reader:
    """Sits in a folder with a seedhook.yaml and types."""

    def __init__(self, folder, daemon, box):
        self.folder, self.daemon, self.box = folder, daemon, box
        self.said = ""  # assignments, which later commands use
        programs = folder / "bin"
        programs.mkdir()
        # In place of /etc/seedhook/seedhook.yaml.
        (programs / "seedhook").write_text(f"""#!/bin/sh
case " $* " in
*" -c "* | " version "* | " schema "*) exec {harness.SEEDHOOK} "$@" ;;
esac
command="$1"
shift
exec {harness.SEEDHOOK} "$command" -c {daemon.config_file} "$@"
""", encoding="utf-8")
        (programs / "seedhook").chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "CURL_CA_BUNDLE": daemon.authority.ca}

    def as_here(self, command):
        command = command.replace("localhost:8443", f"localhost:{self.daemon.port}")
        command = command.replace("/run/seedhook/control.sock", self.daemon.control)
        command = command.replace("build/release", str(BUILD)).replace("/usr/local", str(self.folder / "usr"))
        if command.startswith("seedhook cancel"):
            command = command.replace(SHOWN_ID, self.submitted())
        return command

    def submitted(self):
        request_id = self.box.submit(self.daemon.hook_url)
        assert self.daemon.command("track", request_id).returncode == 0
        return request_id

    def serve(self, started):
        """It goes on while the others run."""
        harness.Program.__init__(self.daemon, "seedhook", [harness.SEEDHOOK, "serve", "-c", str(self.daemon.config_file)],
                                 self.folder)
        started(self.daemon).ready()

    def watch(self, command):
        """A command that ends when it is told to."""
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(command.split(), cwd=self.folder, env=self.environment, capture_output=True, check=False, timeout=2)

    def type(self, command, shown):
        command = self.as_here(command)
        ran = subprocess.run(["bash", "-c", self.said + command], cwd=self.folder, env=self.environment, capture_output=True,
                             text=True, check=False, timeout=harness.PATIENCE * 2)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        if shown:
            pattern = re.escape("\n".join(shown)).replace("…", ".*")
            assert re.fullmatch(pattern, ran.stdout.strip()), f"{command}\n{ran.stdout}"
        if re.match(r"\w+=", command):
            self.said += command + "\n"


def give_it_a_finished_task(daemon, box):
    """The one whose id the README shows."""
    made = box.submit()
    ask = f"/api/open/v1/video/generations/{made}"
    video = harness.wait_until(lambda: (box.call("GET", ask).json["output"] or {}).get("url"), "a video")
    assert daemon.post(harness.callback(SHOWN_ID, url=video)).status == 200
    assert daemon.finished(SHOWN_ID)["stage"] == "done"


@pytest.fixture
def reader(folder, authority, sandbox, started):
    box = sandbox("--duration-ms", 1500)
    daemon = harness.Daemon(folder, authority, start=False)
    daemon.settings["sources"][0].update(api={"base_url": box.base_url, "key": harness.API_KEY}, callback_url=daemon.hook_url)
    daemon.write_config()
    (folder / "request-ids.txt").write_text(f"{box.submit()}\n{box.submit()}\n", encoding="utf-8")
    return Reader(folder, daemon, box)


def test_every_command_of_the_readme_runs(reader, started):
    serving = False
    for block, commands in console_commands(documents.Page(documents.README)):
        for command, shown in commands:
            if found := re.match(r"(?:sudo )?(scripts/[\w-]+)", command):
                check_script(found[1])
            elif command.startswith("cmake --preset"):
                check_presets(command)
            elif bare(command) == "seedhook serve -c seedhook.yaml":
                reader.serve(started)
                give_it_a_finished_task(reader.daemon, reader.box)
                serving = True
            elif bare(command) in GOES_ON:
                reader.watch(bare(command))
            else:
                reader.type(command, shown)
    assert serving
    assert subprocess.run([reader.folder / "usr/bin/seedhook", "version"], check=False).returncode == 0


def bare(command):
    return command.split(" # ")[0].strip()


def check_script(script):
    """They take minutes, and are tests themselves: that they are there and say how they are used must do."""
    file = documents.PROJECT / script
    assert os.access(file, os.X_OK), script
    assert script in "".join(file.read_text(encoding="utf-8").splitlines(True)[:12]), f"{script} does not say how it is used"


def check_presets(command):
    presets = json.loads((documents.PROJECT / "CMakePresets.json").read_text(encoding="utf-8"))
    for kind, name in re.findall(r"cmake (--build )?--preset (\w+)", command):
        known = presets["buildPresets" if kind else "configurePresets"]
        assert name in [p["name"] for p in known], command
