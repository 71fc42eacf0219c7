"""The manual pages and shell completions say what the programs' own --help says, and the shells take them."""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time

import harness
import pytest
from test_commands import ScriptedApi

# Where the build has put them; not made under sanitizers.
MADE = pathlib.Path(os.environ.get("DESCRIPTIONS") or "/nowhere")
PROGRAMS = {"seedhook": harness.SEEDHOOK, "seedance-sandbox": harness.SANDBOX}

pytestmark = pytest.mark.skipif(not MADE.is_dir(), reason="this build makes no manual pages")


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=harness.PATIENCE, check=False, **more)


def help_of(program, *command):
    return run(PROGRAMS[program], *command, "--help").stdout


def commands_of(program):
    text = help_of(program).partition("\nSubcommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\w+)", text, re.M)


def options_in_help(program, *command):
    """Each as the set of its names."""
    found = re.findall(r"^  (-[^\s]+)", help_of(program, *command), re.M)
    return {frozenset(names.split(",")) for names in found}


def cases():
    for program in PROGRAMS:
        yield (program,)
        for command in commands_of(program) if MADE.is_dir() else ():
            yield (program, command)


def named(case):
    return "-".join(case)


def page(program):
    """The page's text, without what sets it in bold and italics."""
    text = re.sub(r"\\f[BIR]", "", (MADE / f"{program}.1").read_text(encoding="utf-8"))
    return text.replace("\\-", "-").replace("\\&", "").replace("\\e", "\\")


def section(program, command=None):
    """What it says of a command, or of a program that has none."""
    heading = f".SS {program} {command} [OPTION...]" if command else ".SH OPTIONS"
    text = page(program).partition(heading)[2]
    assert text, heading
    return re.split(r"^\.S[SH] " if command else r"^\.SH ", text, flags=re.M)[0]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_manual_page_is_one_that_mandoc_finds_nothing_wrong_with(program):
    seen = run("mandoc", "-T", "lint", "-W", "warning", str(MADE / f"{program}.1"))
    assert seen.stdout == "" and seen.returncode == 0


@pytest.mark.parametrize("case", [c for c in cases() if len(c) == 2 or c[0] != "seedhook"], ids=named)
def test_a_manual_page_has_every_option_of_the_help_and_no_other(case):
    tags = re.findall(r"^\.TP\n(-.*)$", section(*case), re.M)
    assert {frozenset(name.split()[0] for name in tag.split(", ")) for tag in tags} == options_in_help(*case)


def test_the_manual_page_has_every_command_with_what_the_help_says_of_it():
    for command in commands_of("seedhook"):
        what = help_of("seedhook", command).split("\n")[0]
        assert section("seedhook", command).split("\n")[1] == f"{what}."


def in_bash(program, line, cwd=None):
    words = line.split(" ")
    script = f"""
        source {MADE / program}.bash
        compopt() {{ :; }}
        COMP_LINE=$1 COMP_WORDS=("${{@:2}}"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _complete_{program.replace("-", "_")}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = run("bash", "-c", script, "bash", line, *words, cwd=cwd)
    assert done.stderr == ""
    return [w for w in done.stdout.split("\n") if w]


def in_fish(program, line, cwd=None):
    done = run("fish", "--no-config", "-c", f"source {MADE / program}.fish; complete -C $argv[1]", line, cwd=cwd)
    assert done.stderr == ""
    return [w.split("\t")[0] for w in done.stdout.split("\n") if w]


SHELLS = {"bash": in_bash, "fish": in_fish}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("case", cases(), ids=named)
def test_a_shell_offers_every_option_of_the_help_and_no_other(shell, case):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    offered = SHELLS[shell](case[0], " ".join(case) + " -") + SHELLS[shell](case[0], " ".join(case) + " --")
    assert set(offered) == set().union(*options_in_help(*case))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_offers_commands_words_and_files(shell, folder):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    complete = SHELLS[shell]
    (folder / "seedhook.yaml").touch()
    assert set(complete("seedhook", "seedhook ")) == set(commands_of("seedhook"))
    assert complete("seedhook", "seedhook red") == ["redeliver"]
    assert set(complete("seedhook", "seedhook tasks --stage ")) == {"waiting", "fetching", "delivering", "done", "stuck"}
    assert complete("seedhook", "seedhook serve -c seed", cwd=folder) == ["seedhook.yaml"]
    assert set(complete("seedance-sandbox", "seedance-sandbox --log ")) == {"debug", "info", "warning", "error"}


@pytest.fixture
def daemon_with_tasks(folder):
    with ScriptedApi(folder) as server:
        server.on("GET", "/v1/tasks", (200, {"tasks": [{"requestId": "req_river"}, {"requestId": "req_forest"}]}))
        yield server
        server.shutdown()


def with_seedhook_in_path(folder):
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "seedhook").symlink_to(shutil.which(harness.SEEDHOOK))
    return {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_offers_the_ids_of_tasks_that_the_daemon_knows(shell, folder, daemon_with_tasks, monkeypatch):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    monkeypatch.setenv("PATH", with_seedhook_in_path(folder)["PATH"])
    begun = f"seedhook show --control unix:{daemon_with_tasks.path} req_r"
    assert SHELLS[shell]("seedhook", begun) == ["req_river"]
    assert SHELLS[shell]("seedhook", f"seedhook show --control unix:{folder}/nobody.sock req_r") == []


class Zsh:
    """An interactive zsh on a terminal: what it makes of a line after a tab."""

    def __init__(self, folder, environment):
        functions = folder / "functions"
        functions.mkdir()
        for program in PROGRAMS:
            shutil.copy(MADE / f"{program}.zsh", functions / f"_{program}")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {**environment, "TERM": "dumb", "HOME": str(folder)})
        self.send(f"bindkey -e; PROMPT= RPROMPT=; unsetopt zle_bracketed_paste 2>/dev/null; fpath=({functions} $fpath); "
                  "autoload -Uz compinit && compinit -u -D && echo ready=$((1 + 1))\n")
        self.expect("ready=2")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def expect(self, text):
        seen, end = "", time.monotonic() + harness.PATIENCE
        while text not in seen:
            assert time.monotonic() < end, f"zsh did not say {text!r}, but {seen!r}"
            if select.select([self.terminal], [], [], 0.2)[0]:
                seen += os.read(self.terminal, 65536).decode(errors="replace")

    def completed(self, begun, whole):
        # The line is made an argument, so that the shell itself says what it has become.
        self.send("\x15" + begun + "\t")
        time.sleep(0.1)
        self.send("\x01: got=\x05\n")
        self.expect(whole)

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_completes_commands_options_words_files_and_tasks(folder, daemon_with_tasks):
    (folder / "only.yaml").touch()
    shell = Zsh(folder, with_seedhook_in_path(folder))
    try:
        shell.completed("seedhook red", "seedhook redeliver")
        shell.completed("seedhook tasks --sou", "seedhook tasks --source")
        shell.completed("seedhook tasks --stage wai", "seedhook tasks --stage waiting")
        shell.completed("seedhook serve -c on", "seedhook serve -c only.yaml")
        shell.completed("seedance-sandbox --log w", "seedance-sandbox --log warning")
        shell.completed(f"seedhook show --control unix:{daemon_with_tasks.path} req_r", "req_river")
    finally:
        shell.close()


@pytest.mark.parametrize("case", [c for c in cases() if len(c) == 2 or c[0] != "seedhook"], ids=named)
def test_zsh_is_told_of_every_option_of_the_help_and_no_other(case):
    text = (MADE / f"{case[0]}.zsh").read_text(encoding="utf-8")
    if len(case) == 2:
        text = text[text.index(f"        {case[1]})\n"):]
        text = text[:text.index(";;")]
    told = re.findall(r"(?:\{(-[^}]+)\}'|'(-[\w-]+))\[", text)
    assert {frozenset((several or one).split(",")) for several, one in told} == options_in_help(*case)
