"""README.md and docs/ against the programs: configurations are taken, links lead somewhere, and what is named is there."""
import functools
import os
import re
import subprocess

import documents
import harness
import pytest

PROJECT = documents.PROJECT
PAGES = [documents.Page(path) for path in documents.PAGES]
BLOCKS = [block for page in PAGES for block in page.blocks]


def name_of(thing):
    return thing.name if isinstance(thing, documents.Block) else str(thing.path.relative_to(PROJECT))


@functools.cache
def say(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=harness.PATIENCE).stdout


@functools.cache
def keys():
    """Every key as the reference writes it: `sinks[].retry.max_attempts`."""
    return [row.split("`")[1] for row in say(harness.SEEDHOOK, "schema", "--format", "markdown").splitlines()[2:]]


def sections():
    return {re.split(r"[.\[]", key)[0] for key in keys()}


# -- YAML: a block is a part of seedhook's configuration, unless a second word behind its fence says whose it is.


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "yaml"], ids=name_of)
def test_every_yaml_block_is_right(block, folder):
    if len(block.info) > 1:
        list(documents.yaml.load_all(block.text, Loader=documents.EditorsYaml))
        return
    document = documents.read_yaml(block.text)
    unknown = set(document) - sections()
    assert not unknown, f"{block.name}: no section of seedhook's configuration: {unknown} (say ```yaml WHOSE if it is another's)"
    environment, text = documents.stand_ins(documents.completed(block.text), folder)
    (folder / "seedhook.yaml").write_text(text, encoding="utf-8")
    ran = subprocess.run([harness.SEEDHOOK, "check", "-c", str(folder / "seedhook.yaml")], capture_output=True, text=True,
                         check=False, timeout=harness.PATIENCE, env={**os.environ, **environment})
    assert ran.returncode == 0, f"{block.name}:\n{ran.stderr}"


def test_there_are_blocks_to_look_at():
    assert sum(b.language == "yaml" for b in BLOCKS) > 6
    assert sum(b.language == "console" for b in BLOCKS) > 6


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "json"], ids=name_of)
def test_every_json_block_is_json(block):
    # `…` stands for what is left out, in texts as well as for members.
    for line in re.sub(r",? *…", "", block.text).split("\n{"):
        documents.yaml.safe_load(line if line.startswith("{") else "{" + line)


# -- Links, anchors, and what is named.


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    for link in page.links:
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.exists(), f"{name_of(page)}: {link}"
        if anchor:
            assert anchor in documents.Page(target).anchors, f"{name_of(page)}: {link}"


def test_the_readme_leads_to_every_page():
    linked = {link.partition("#")[0] for link in PAGES[0].links}
    for page in PAGES[1:]:
        assert name_of(page) in linked, f"{name_of(page)} is in no table of the README"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_metric_that_is_named_exists(page):
    source = "".join(file.read_text(encoding="utf-8") for file in (PROJECT / "src/metrics").glob("*.cpp"))
    known = set(re.findall(r'"(seedhook_[a-z_]+)"', source))
    assert len(known) > 10
    for name in re.findall(r"\bseedhook_[a-z_]+", page.path.read_text(encoding="utf-8")):
        assert re.sub(r"_(bucket|sum|count)$", "", name) in known or name in known, f"{name_of(page)}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_key_that_is_named_exists(page):
    known = {key.replace("[]", "") for key in keys()}
    for span in page.code_spans:
        name = span.replace("[]", "").removesuffix(".…")
        if re.fullmatch(r"[a-z_0-9]+(\.[a-z_0-9]+)+", name) and name.split(".")[0] in sections():
            assert name in known, f"{name_of(page)}: `{span}`"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_of_the_project_exists(page):
    for span in [*page.code_spans, *(line for b in page.blocks if b.language == "console" for line in b.lines)]:
        for path in re.findall(r"(?<![\w/.…-])(?:src|include|tests|scripts|config|docs|\.ci)/[\w./-]*[\w/]", span):
            assert (PROJECT / path).exists(), f"{name_of(page)}: {path}"


def commands_in(page):
    """(program, command, options) of every command line that the page shows. A code span that is a sentence is what a program
    says."""
    spans = [span for span in page.code_spans if not re.fullmatch(r"[a-z]+( [a-z']+){3,}", span)]
    texts = [*spans, *(b.text.replace("\\\n", " ") for b in page.blocks if b.language in ("console", "sh", "bash"))]
    for text in texts:
        for found in re.finditer(r"(?<![\w/.@=-])(seedhook [a-z]+|seedance-sandbox)(?= |$)([^|;#)\n]*)", text, re.M):
            program, _, command = found[1].partition(" ")
            yield program, command, re.findall(r"(?<![\w-])--[a-z][a-z-]*", found[2])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_option_that_is_shown_exists(page):
    known = set(re.findall(r"^  ([a-z]+) +\S", say(harness.SEEDHOOK, "--help").split("Subcommands:")[1], re.M))
    assert "redeliver" in known
    for program, command, options in commands_in(page):
        if program == "seedhook":
            assert command in known, f"{name_of(page)}: seedhook {command}"
            help_text = say(harness.SEEDHOOK, command, "--help")
        else:
            help_text = say(harness.SANDBOX, "--help")
        for option in options:
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", help_text), f"{name_of(page)}: {program} {command} {option}"


def test_every_flag_of_the_sandbox_that_its_page_names_exists():
    page = next(p for p in PAGES if p.path.name == "sandbox.md")
    known = say(harness.SANDBOX, "--help")
    for span in page.code_spans:
        for flag in re.findall(r"^--[a-z-]+", span):
            assert re.search(rf"(?<![\w-]){flag}(?![\w-])", known), flag


# -- docs/operations.md has every reason there is.


def literals(code):
    """The texts in C++ code; those that stand side by side are one."""
    joined = re.sub(r'"\s*\n?\s*"', "", code)
    return [text.strip(" :;,") for text in re.findall(r'"((?:[^"\\]|\\.)*)"', joined)]


def flat(text):
    return re.sub(r"\s+", " ", text)


def test_every_reason_of_readyz_is_told_of():
    told = flat((PROJECT / "docs/operations.md").read_text(encoding="utf-8"))
    health = (PROJECT / "src/daemon/health.cpp").read_text(encoding="utf-8")
    gate = (PROJECT / "src/poll/source_gate.cpp").read_text(encoding="utf-8")
    code = health + gate[gate.index("source_gate::degraded("):]
    reasons = [text for text in literals(re.sub(r"#include.*|//.*", "", code)) if len(text.split()) > 1]
    assert "the store cannot commit" in reasons and len(reasons) >= 8
    for reason in reasons:
        assert reason in told, f"docs/operations.md does not tell what this means, and what to do then: {reason}"


def test_everything_that_blocks_a_job_is_told_of():
    told = flat((PROJECT / "docs/operations.md").read_text(encoding="utf-8")).replace("…", "")
    found = []
    for file in [*(PROJECT / "src").glob("sinks/**/*.cpp"), *(PROJECT / "src/fetch").glob("*.cpp")]:
        code = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
        for call in re.finditer(r"\bblocked\(|error\(errc::no_space,", code):
            depth, end = 1, call.end()
            while depth:
                depth += {"(": 1, ")": -1}.get(code[end], 0)
                end += 1
            found += [text for text in literals(code[call.end():end]) if len(text.split()) > 1]
    assert len(found) >= 7
    for reason in found:
        assert reason in told, f"docs/operations.md does not tell what this means, and what to do then: {reason}"
