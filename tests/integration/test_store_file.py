"""The store's file as docs/operations.md and docs/upgrading.md speak of it: copied, restored, newer than the program."""
import contextlib
import shutil
import sqlite3
import subprocess
import threading

import asking
import harness
import pytest


def copy_while_in_use(database, to):
    """As the documents do it, with the sqlite3 program."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("VACUUM INTO ?", (str(to),))


def pragma(database, name):
    with contextlib.closing(sqlite3.connect(database)) as db:
        return db.execute(f"PRAGMA {name}").fetchone()[0]


def files_of(folder):
    """Everything there and what it holds, but what the daemon says."""
    return {file.name: harness.sha256_file(file) for file in folder.iterdir() if file.is_file() and file.suffix != ".log"}


def test_a_copy_of_the_store_in_use_is_whole(daemon, folder):
    d = daemon()
    sent, stop = [], threading.Event()

    def send():
        while not stop.is_set():
            request_id = f"req_{len(sent)}"
            assert d.post(harness.callback(request_id, "failed")).status == 200
            sent.append(request_id)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        harness.wait_until(lambda: len(sent) > 50, "callbacks")
        acknowledged = list(sent)
        copy_while_in_use(folder / "seedhook.db", folder / "copy.db")
        harness.wait_until(lambda: len(sent) > len(acknowledged) + 50, "callbacks during and after the copy")
    finally:
        stop.set()
        sender.join()
    d.stop()
    for name in ("user_version", "application_id"):
        assert pragma(folder / "copy.db", name) == pragma(folder / "seedhook.db", name) != 0
    shutil.move(folder / "copy.db", folder / "seedhook.db")
    restored = daemon(port=d.port)
    assert set(acknowledged) <= {t["requestId"] for t in restored.tasks()}
    assert restored.post(harness.callback("req_0", "failed")).json["duplicate"] is True


def test_a_clean_stop_leaves_one_file_that_is_all(daemon, folder):
    d = daemon()
    d.post(harness.callback("req_1", "failed"))
    d.stop()
    log = folder / "seedhook.db-wal"
    assert not log.exists() or log.stat().st_size == 0
    assert (folder / "seedhook.db").stat().st_mode & 0o777 == 0o600


def test_what_a_backup_does_not_know_arrives_again_without_harm(daemon, sandbox, folder):
    box = sandbox("--duration-ms", 1000)
    settings = asking.asking(box, first_after="500ms")
    d = daemon(settings=settings)
    request_id = box.submit(d.hook_url)
    assert d.command("track", request_id).returncode == 0
    copy_while_in_use(folder / "seedhook.db", folder / "copy.db")
    assert d.finished(request_id)["stage"] == "done"
    d.stop()
    shutil.move(folder / "copy.db", folder / "seedhook.db")
    restored = daemon(settings=settings, port=d.port)
    assert restored.finished(request_id)["settledBy"] == "poll"
    assert restored.finished(request_id)["stage"] == "done"
    assert [file.name for file in restored.videos.iterdir() if file.is_file()] == [f"{request_id}.mp4"]


@pytest.mark.parametrize("change, said", [
    ("PRAGMA user_version = 99", "written by a newer seedhook (schema version 99"),
    ("PRAGMA application_id = 7", "belongs to another program"),
])
def test_a_store_of_another_version_is_refused_and_not_touched(daemon, folder, change, said):
    d = daemon()
    d.post(harness.callback("req_1", "failed"))
    d.stop()
    with contextlib.closing(sqlite3.connect(folder / "seedhook.db")) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute(change)
    before = files_of(folder)
    ran = subprocess.run([harness.SEEDHOOK, "serve", "-c", str(d.config_file)], capture_output=True, text=True, check=False,
                         timeout=harness.PATIENCE)
    assert ran.returncode == 1 and said in ran.stderr
    ran = d.command("doctor")
    assert ran.returncode == 1 and said in ran.stdout
    assert files_of(folder) == before
