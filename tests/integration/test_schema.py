"""`seedhook schema`: what it prints is sound, and never says anything else than `seedhook check`."""
import json
import os
import subprocess

import documents
import harness
import jsonschema
import pytest
import yaml

CORPUS = documents.PROJECT / "tests/fuzz/configuration/corpus"
INBOUND = 'listeners: [{address: "127.0.0.1:0"}]\nsources: [{name: main, path: /h, secrets: [x], api: {key: x}}]\n'


def print_schema(*arguments):
    ran = subprocess.run([harness.SEEDHOOK, "schema", *arguments], capture_output=True, text=True, check=False,
                         timeout=harness.PATIENCE)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.fixture(scope="module")
def schema():
    return json.loads(print_schema())


@pytest.fixture
def verdicts(schema, folder):
    """What the schema and the parser have against a configuration."""
    validator = jsonschema.Draft7Validator(schema)

    def judge(text):
        environment, text = documents.stand_ins(text, folder)
        (folder / "seedhook.yaml").write_text(text, encoding="utf-8")
        ran = subprocess.run([harness.SEEDHOOK, "check", "-c", str(folder / "seedhook.yaml")], capture_output=True,
                             text=True, check=False, timeout=harness.PATIENCE, env={**os.environ, **environment})
        assert ran.returncode in (0, 78), ran.stderr
        return [e.message for e in validator.iter_errors(documents.read_yaml(text))], ran.stderr

    return judge


def test_the_schema_is_one(schema):
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["required"] == ["listeners", "sources"]


def sink(rest):
    return INBOUND + "sinks: [{name: a, " + rest + "}]\n"


VALID = [
    (documents.PROJECT / "config/seedhook.yaml").read_text(encoding="utf-8"),
    INBOUND,
    INBOUND + "fetch:\nlog: ~\nspool: {path: /s, max_bytes: 4096, min_free: 0}\n",
    INBOUND + "fetch: {concurrency: '8', max_bytes: 4GiB, idle_timeout: 500ms}\n",
    INBOUND + "gateway: {}\nretention: {tasks: forever, ids: forever}\nreceive: {threads: auto}\npoll: {first_after: 5s}\n",
    INBOUND + "sinks: [{name: 1, type: directory, path: /a}]\n",
    sink("type: directory, path: /a, mode: 0640, owner: 1000, match: {source: main, metadata: {n: 7}}"),
    sink("type: directory, path: /a, mode: '0640', link: 'false', match: {source: [main], model: [m, 2]}"),
    sink("type: exec, command: /bin/true, env: {N: 5, T: true}, reject_codes: [1, 100]"),
    sink("type: exec, command: exit 1, shell: true, user: null"),
    sink("type: s3, bucket: videos, encryption: 'aws:kms', kms_key_id: k, credentials: "),
    sink("type: webhook, url: 'https://a.example/', secret: x, headers: {A: '${env:A}'}"),
]


@pytest.mark.parametrize("text", VALID)
def test_what_is_right_is_right_in_an_editor(verdicts, text):
    assert verdicts(text) == ([], "")


# A variable may stand in place of any value, also where it is a number or a word.
@pytest.mark.parametrize("value, line", [
    ("8", "fetch: {concurrency: '${env:V}'}"), ("4GiB", "fetch: {max_bytes: '${env:V}'}"),
    ("true", "gateway: {plaintext: '${env:V}'}"), ("5s", "poll: {first_after: '${env:V}'}"),
    ("debug", "log: {level: '${env:V}'}"), ("/s", "spool: {path: '${env:V}'}"),
    ("directory", "sinks: [{name: a, path: /a, type: '${env:V}'}]"),
    ("0600", "sinks: [{name: a, type: directory, path: /a, mode: '${env:V}'}]"),
])
def test_a_variable_may_stand_anywhere(verdicts, monkeypatch, value, line):
    monkeypatch.setattr(documents, "stand_ins", lambda text, _: ({"V": value}, text))
    assert verdicts(INBOUND + line + "\n") == ([], "")


@pytest.mark.parametrize("line", [
    "lgo: {}", "fetch: {concurency: 1}", "listeners: []", "fetch: []", "fetch: 5", "sinks: {}", "sinks: [7]",
    "fetch: {concurrency: 0}", "fetch: {concurrency: many}", "fetch: {concurrency: 1.5}", "fetch: {concurrency: [1]}",
    "fetch: {concurrency: null}", "fetch: {max_bytes: 4GB}", "fetch: {max_bytes: 0}", "fetch: {idle_timeout: 30}",
    "fetch: {idle_timeout: 30 s}", "fetch: {check: avi}", "fetch: {allow_hosts: a.example}", "log: {level: loud}",
    "spool: {path: relative}", "spool: {path: 7}", "spool: {path: {}}", "gateway: {plaintext: yes}", "gateway: ",
    "control: {address: '127.0.0.1:80'}", "store: {type: postgres}", "sources: [{name: a b, path: /h, secrets: [x]}]",
    "sources: [{path: /h, secrets: [x]}]", "sources: [{name: a, path: h, secrets: [x]}]",
    "sources: [{name: a, path: /h, secrets: x}]",
    "listeners: [{address: '127.0.0.1'}]", "listeners: [{address: '127.0.0.1:1', tls: {certificate: /c}}]",
    "sinks: [{name: a}]", "sinks: [{type: directory, path: /a}]", "sinks: [{name: a, type: directory}]",
    "sinks: [{name: a, type: floppy, path: /a}]", "sinks: [{name: a, type: directory, path: /a, bucket: b}]",
    "sinks: [{name: a, type: directory, path: /a, mode: 0999}]", "sinks: [{name: a, type: directory, path: /a, on: succeeded}]",
    "sinks: [{name: a, type: directory, path: /a, on: []}]", "sinks: [{name: a, type: exec, command: []}]",
    "sinks: [{name: a, type: exec, command: /x, env: [A]}]", "sinks: [{name: a, type: exec, command: /x, reject_codes: [0]}]",
    "sinks: [{name: a, type: s3, bucket: b, endpoint: 'ftp://x'}]", "sinks: [{name: a, type: s3, bucket: bbb, part_size: 1MiB }]",
    "sinks: [{name: a, type: webhook, url: 'https://a.example/'}]", "shutdown_grace: soon", "retention: {tasks: always}",
])
def test_mistakes_are_mistakes_in_an_editor(verdicts, line):
    key = line.split(":")[0]
    kept = "".join(one + "\n" for one in INBOUND.splitlines() if not one.startswith(key))
    by_schema, by_parser = verdicts(kept + line + "\n")
    assert by_parser
    # A size is a text, or a number: the schema does not read texts.
    assert by_schema or "part_size" in line


def test_what_the_schema_refuses_the_parser_refuses(schema):
    """On everything that the fuzzer has found interesting."""
    validator = jsonschema.Draft7Validator(schema)
    refused = 0
    for file in sorted(CORPUS.iterdir()):
        try:
            document = documents.read_yaml(file.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
            continue
        if not validator.is_valid(document):
            ran = subprocess.run([harness.SEEDHOOK, "check", "-c", str(file)], capture_output=True, check=False, timeout=30)
            assert ran.returncode == 78, f"{file}: the schema refuses what the parser takes"
            refused += 1
    assert refused > 10


def defaults_of(section):
    return {key: value["default"] for key, value in section["properties"].items() if "default" in value}


def test_every_default_is_what_the_parser_takes(schema, verdicts):
    inbound = documents.read_yaml(INBOUND)
    whole = {key: defaults_of(section) for key, section in schema["properties"].items() if "properties" in section}
    whole |= {"listeners": [{**defaults_of(schema["properties"]["listeners"]["items"]), **inbound["listeners"][0]}],
              "sources": [{**defaults_of(schema["properties"]["sources"]["items"]), **inbound["sources"][0]}]}
    needed = {"directory": {"path": "/a"}, "exec": {"command": ["/x"]}, "s3": {"bucket": "videos"},
              "webhook": {"url": "https://a.example/", "secret": "x"}}
    whole["sinks"] = []
    for kind in schema["properties"]["sinks"]["items"]["oneOf"]:
        if name := kind["properties"]["type"].get("const"):
            whole["sinks"].append({**defaults_of(kind), **needed.pop(name), "name": name, "type": name})
    assert needed == {}
    assert sum(len(section) for section in whole.values()) > 30
    assert verdicts(json.dumps(whole, indent=1)) == ([], "")


def test_every_key_has_its_words(schema):
    def walk(section, path):
        for key, value in section.get("properties", {}).items():
            assert value.get("description"), f"{path}{key}"
            for below in [value, value.get("items", {}), *value.get("items", {}).get("oneOf", [])]:
                walk(below, f"{path}{key}.")

    for kind in schema["properties"]["sinks"]["items"]["oneOf"]:
        kind["properties"]["type"].setdefault("description", "of a variable")
    walk(schema, "")


def test_the_manual_page_has_every_key_and_no_fault():
    page = print_schema("--format", "man")
    ran = subprocess.run(["mandoc", "-T", "lint", "-W", "error"], input=page, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
    rendered = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=500"], input=page, capture_output=True, text=True, check=True)
    text = rendered.stdout.replace("\b", "")
    for row in print_schema("--format", "markdown").splitlines()[2:]:
        key = row.split("`")[1]
        assert f".B {key}".replace("-", "\\-") in page, key
    assert "\\" not in text and "`" not in text


def test_a_format_that_is_not_there_is_a_mistake():
    ran = subprocess.run([harness.SEEDHOOK, "schema", "--format", "xml"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "--format" in ran.stderr
