"""The crash tests' own checks, on folders that are not as they must be: a check that cannot fail is none."""
import pytest

import origin
from directory_output import STAGING, DirectoryOutput
from findings import Findings
from ledger import Ledger


@pytest.fixture
def output(tmp_path):
    made = DirectoryOutput(tmp_path / "videos")
    made.make()
    (made.folder / STAGING).mkdir()
    return made


@pytest.fixture
def ledger():
    """Ten ids, every one acknowledged at the time 10."""
    made = Ledger(1)
    made.begin_cycle(1)
    for entry in [made.next() for _ in range(10)]:
        entry.status = "succeeded"
        made.settle(entry, 10)
    return made


def place(output, entry, name=None, content=None):
    file = output.folder / (name or f"{entry.request_id}.mp4")
    file.write_bytes(origin.content(entry.request_id) if content is None else content)
    return file


def found(output, ledger):
    findings = Findings()
    output.check(ledger.entries, findings)
    return {kind: len(subjects) for kind, subjects in findings.subjects.items() if subjects}


def test_right_files_and_hidden_ones_are_as_they_must_be(output, ledger):
    for entry in ledger.acknowledged():
        place(output, entry)
        assert not output.was_right(entry)
    place(output, ledger.acknowledged()[0], f"{STAGING}/half", b"half")
    assert not found(output, ledger)
    assert all(output.has(e) and output.was_right(e) for e in ledger.acknowledged())
    assert output.left_over() == [f"{STAGING}/half"]


@pytest.mark.parametrize("spoil, kind", [
    (lambda content: content[:-1], "partial"),
    (lambda content: b"", "partial"),
    (lambda content: bytes(len(content)), "partial"),
    (lambda content: content[:-1] + b"x", "wrong"),
])
def test_files_that_are_not_whole_or_not_right_are_found(output, ledger, spoil, kind):
    entry = ledger.acknowledged()[0]
    place(output, entry, content=spoil(origin.content(entry.request_id)))
    assert found(output, ledger) == {kind: 1}
    assert not output.was_right(entry)


def test_what_else_is_visible_is_found(output, ledger):
    first, failed = ledger.acknowledged()[:2]
    failed.status = "failed"
    place(output, first, f"{first.request_id}-2.mp4")
    place(output, first, "unknown.mp4")
    place(output, first, f"{first.request_id}.part")
    place(output, first, f"{STAGING}/{first.request_id}.mp4")
    place(output, failed)
    assert found(output, ledger) == {"second": 1, "stray": 4}


def test_a_file_that_changes_or_goes_after_it_was_right_is_found(output, ledger):
    first, second = ledger.acknowledged()[:2]
    place(output, first)
    gone = place(output, second)
    assert not found(output, ledger)
    place(output, first, content=b"x" * origin.size_of(first.request_id))
    gone.unlink()
    assert found(output, ledger) == {"wrong": 1, "lost": 1}


def test_only_answers_that_were_under_way_are_doubted(ledger):
    ledger.doubt(0, 5)  # sent after the doubtful span
    assert len(ledger.acknowledged()) == 10
    ledger.doubt(5, 20)  # sent within it
    assert not ledger.acknowledged()
