"""What README.md and the pages of docs and packaging hold: blocks, headings, links, code; and YAML as an editor reads it."""
import pathlib
import re

import yaml

PROJECT = pathlib.Path(__file__).resolve().parents[2]
README = PROJECT / "README.md"
PAGES = [README, *sorted(file for folder in ("docs", "packaging") for file in (PROJECT / folder).glob("**/*.md"))]

FENCE = re.compile(r"^( *)(`{3,})(.*)$")


class Block:
    """A fenced block. `info`: what stands behind the fence; `name`: the page and the line, for messages."""

    def __init__(self, page, line, info):
        self.page, self.info, self.lines = page, info.split(), []
        self.language = self.info[0] if self.info else ""
        self.name = f"{page.relative_to(PROJECT)}:{line}"

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


class Page:
    def __init__(self, path):
        self.path = path
        self.blocks, self.prose = [], []  # the prose by lines, those of blocks empty
        block, indentation, fence = None, "", ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            opens = FENCE.match(line)
            if block is None and opens:
                indentation, fence = opens[1], opens[2]
                block = Block(path, number, opens[3])
            elif block is not None and line.strip() == fence:
                self.blocks.append(block)
                block = None
            elif block is not None:
                block.lines.append(line.removeprefix(indentation))
            self.prose.append("" if block is not None or opens else line)
        assert block is None, f"{path}: a block that does not end"

    @property
    def code_spans(self):
        text = "\n".join(self.prose)
        return [span[1].strip() for span in re.finditer(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", text, re.S)
                for span in [(None, span[2].replace("\n", " "))]]

    @property
    def anchors(self):
        """As GitHub makes them of headings."""
        seen = set()
        for line in self.prose:
            if heading := re.match(r"#+ +(.*)", line):
                text = re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-")
                seen.add(text)
        return seen

    @property
    def links(self):
        without_code = re.sub(r"`[^`]*`", "", "\n".join(self.prose))
        return re.findall(r"\]\(([^)\s]+)\)", without_code)


class EditorsYaml(yaml.SafeLoader):
    """YAML 1.2's core schema, which editors' servers go by: `on` is a text, 0640 is 640."""


EditorsYaml.yaml_implicit_resolvers = {}
for tag, pattern, first in [("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
                            ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
                            ("int", r"[-+]?[0-9]+", list("-+0123456789")),
                            ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+0123456789."))]:
    EditorsYaml.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{pattern})$"), first)
EditorsYaml.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


def read_yaml(text):
    return yaml.load(text, Loader=EditorsYaml)


COMPLETE = {
    "listeners": '[{address: "127.0.0.1:0"}]',
    "sources": "[{name: main, path: /hooks/main, secrets: [stand-in], api: {key: stand-in}}]",
}


def completed(fragment):
    """A configuration with the sections of the fragment, and what it lacks to be one."""
    document = read_yaml(fragment)
    return "".join(f"{key}: {value}\n" for key, value in COMPLETE.items() if key not in document) + fragment


def stand_ins(text, folder):
    """The environment in which every ${…} of a configuration finds something, and the configuration with files that are
    there."""
    environment = {}
    for kind, name in re.findall(r"(?<!\$)\$\{(env|file|credential):([^}]*)\}", text):
        if kind == "env":
            environment[name] = "stand-in"
        else:
            (folder / pathlib.Path(name).name).write_text("stand-in\n", encoding="utf-8")
    environment["CREDENTIALS_DIRECTORY"] = str(folder)  # also where it is named itself
    return environment, re.sub(r"\$\{file:[^}]*/([^}/]*)\}", lambda found: f"${{file:{folder}/{found[1]}}}", text)
