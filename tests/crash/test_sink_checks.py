"""The crash tests' checks of hooks, objects and posts, on records that are not as they must be."""
import types

import pytest

import origin
from findings import Findings
from hook_output import HookOutput
from object_output import ObjectOutput
from post_output import PostOutput

ID = "req_1"
ENTRY = types.SimpleNamespace(request_id=ID, wants_video=True)
RIGHT = {"kind": "object", "key": f"{ID}.mp4", "size": origin.size_of(ID), "sha256": origin.sha256_of(ID), "parts": 0, "at": 10}
POST = {"kind": "post", "id": ID, "delivery": "d1", "genuine": True, "attempt": 1, "sha256": origin.sha256_of(ID),
        "status": 204, "at": 10}


class Ends:
    """Other ends that saw these events."""

    def __init__(self, *events, uploads=()):
        self.events, self.uploads = list(events), list(uploads)

    def refresh(self):
        pass


@pytest.fixture
def hook(tmp_path):
    made = HookOutput(tmp_path)
    made.make()
    return made


def tell(hook, *lines):
    with open(hook.ledger, "a", encoding="ascii") as text:
        text.writelines(f"{line}\n" for line in lines)


def found(output, entries=None):
    findings = Findings()
    output.check({ID: ENTRY} if entries is None else entries, findings)
    return {kind for kind, subjects in findings.subjects.items() if subjects}


def test_a_hook_that_ran_once_is_as_it_must_be(hook):
    tell(hook, f"began {ID} d1 1 10.00")
    assert not found(hook)
    assert not hook.has(ENTRY)
    tell(hook, f"ended {ID} d1 1 10.01")
    assert hook.has(ENTRY)
    assert not hook.was_right(ENTRY)
    assert not found(hook)
    assert hook.was_right(ENTRY)


def test_a_hook_that_ran_again_must_have_been_told(hook):
    tell(hook, f"began {ID} d1 1 10.00", f"began {ID} d1 2 11.00", f"ended {ID} d1 2 11.01", f"began {ID} d1 3 12.00")
    assert not found(hook)


@pytest.mark.parametrize("second, kind", [
    (f"began {ID} d1 1 11.00", "unnumbered"),
    (f"began {ID} d2 2 11.00", "identity"),
    (f"wrong {ID} d1 1 11.00", "wrong"),
    ("began req_2 d3 1 11.00", "stray"),
])
def test_hooks_that_run_otherwise_are_found(hook, second, kind):
    tell(hook, f"began {ID} d1 1 10.00", second)
    assert found(hook) == {kind}


def test_an_object_that_was_put_once_is_as_it_must_be():
    output = ObjectOutput(Ends(RIGHT))
    assert output.has(ENTRY) and not output.was_right(ENTRY)
    assert not found(output)
    assert output.was_right(ENTRY)
    assert not output.left_over()


@pytest.mark.parametrize("events, kind", [
    ([RIGHT, {**RIGHT, "at": 20}], "repeated"),
    ([{**RIGHT, "size": RIGHT["size"] - 1}], "wrong"),
    ([{**RIGHT, "sha256": origin.sha256_of("another")}], "wrong"),
    ([{**RIGHT, "key": f"{ID}-2.mp4"}], "stray"),
    ([{"kind": "unsound", "about": ID, "why": "SignatureDoesNotMatch"}], "unsound"),
])
def test_buckets_that_hold_other_things_are_found(events, kind):
    assert found(ObjectOutput(Ends(*events))) == {kind}


def test_uploads_that_nobody_ended_are_left_over():
    assert ObjectOutput(Ends(uploads=[f"{ID}.mp4"])).left_over() == [f"upload of {ID}.mp4"]


def test_posts_that_are_repeated_with_the_same_id_are_as_they_must_be():
    output = PostOutput(Ends({**POST, "status": 503}))
    assert not output.has(ENTRY)
    output.ends.events.append({**POST, "attempt": 2, "at": 11})
    assert output.has(ENTRY)
    assert not found(output)


@pytest.mark.parametrize("event, kind", [
    ({**POST, "attempt": 1}, "unnumbered"),
    ({**POST, "attempt": 2, "delivery": "d2"}, "identity"),
    ({**POST, "attempt": 2, "genuine": False}, "unsound"),
    ({**POST, "attempt": 2, "sha256": None}, "wrong"),
])
def test_posts_that_come_otherwise_are_found(event, kind):
    assert found(PostOutput(Ends(POST, event))) == {kind}


def test_what_a_power_cut_may_have_lost_is_forgiven_once(hook):
    """A claim that was written down within the cut."""
    tell(hook, f"began {ID} d1 1 10.00", f"began {ID} d1 1 12.00")
    hook.runs.doubt(9.9, 10.1)
    bucket = ObjectOutput(Ends(RIGHT, {**RIGHT, "at": 12}))
    bucket.doubt(9.9, 10.1)
    assert not found(hook) and not found(bucket)
    tell(hook, f"began {ID} d1 1 13.00")
    assert found(hook) == {"unnumbered"}
