"""Sinks that share the spool's file: each has its own rights, and whatever one of them removes or changes, no other loses."""
import fcntl
import os

import harness

FICLONE = 0x40049409


def sink(folder, name, **more):
    (folder / name).mkdir()
    return {"name": name, "type": "directory", "path": str(folder / name), "file": "{requestId}.{ext}",
            "retry": {"min_delay": "100ms", "max_delay": "200ms"}, **more}


def shares(folder):
    """Links are made where no reflink can be."""
    with open(folder / "a", "wb+") as a, open(folder / "b", "wb+") as b:
        a.write(b"x")
        a.flush()
        try:
            fcntl.ioctl(b, FICLONE, a.fileno())
        except OSError:
            return True
    return False


def spooled(d):
    return list((d.folder / "spool").rglob("*.mp4"))


def test_sinks_share_one_file_and_none_harms_another(sandbox, folder, daemon):
    sinks = [sink(folder, "one"), sink(folder, "two"), sink(folder, "writable", mode="0660"),
             sink(folder, "private", mode="0600"), sink(folder, "apart", link=False), sink(folder, "away")]
    (folder / "away").rmdir()
    d = daemon(settings={"sinks": sinks})
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(d.hook_url)
    files = {s["name"]: folder / s["name"] / f"{request_id}.mp4" for s in sinks}
    harness.wait_until(lambda: all(f.exists() for name, f in files.items() if name != "away"), "all sinks but one")
    right = box.task(request_id)["video"]["sha256"]
    seen = {name: f.stat() for name, f in files.items() if name != "away"}
    assert {name: s.st_mode & 0o777 for name, s in seen.items()} == {
        "one": 0o640, "two": 0o640, "writable": 0o660, "private": 0o600, "apart": 0o640}
    assert all(harness.sha256_file(files[name]) == right for name in seen)
    if shares(folder):
        kept = os.stat(spooled(d)[0]).st_ino
        linked = {name for name, s in seen.items() if s.st_ino == kept}
        assert linked in ({"one", "two"}, {"private"}), linked  # those that came first
    for name in seen:
        files[name].unlink()
    (folder / "away").mkdir()
    harness.wait_until(files["away"].exists, "the last sink")
    assert d.finished(request_id)["stage"] == "done" and harness.sha256_file(files["away"]) == right
    harness.wait_until(lambda: not spooled(d), "the spool to be cleared", 15)
    assert harness.sha256_file(files["away"]) == right and files["away"].stat().st_nlink == 1


def test_a_video_that_is_fetched_anew_leaves_the_delivered_file_alone(sandbox, folder, daemon):
    d = daemon(settings={"sinks": [sink(folder, "one")]})
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(d.hook_url)
    d.finished(request_id)
    file = folder / "one" / f"{request_id}.mp4"
    harness.wait_until(lambda: not spooled(d), "the spool to be cleared", 15)
    whole = file.read_bytes()
    with open(file, "r+b") as edited:
        edited.write(b"edited")
    assert d.command("redeliver", request_id).returncode == 0
    again = folder / "one" / f"{request_id}-2.mp4"
    harness.wait_until(again.exists, "the file to be delivered again")
    assert again.read_bytes() == whole and file.read_bytes() == b"edited" + whole[6:]
    assert again.stat().st_ino != file.stat().st_ino
