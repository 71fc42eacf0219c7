"""Plants what the judges must find, and sees them find it."""
import faults_fsync
import faults_judge
import origin

TRACE = """\
7 1.0 recvfrom(9<TCP:[127.0.0.1:8000->127.0.0.1:5001]>, "POST /hooks/seedance HTTP/1.1\\r\\n"..., 4096, 0, NULL, NULL) = 300
8 1.1 fdatasync(5</store/seedhook.db-wal>) = {first}
7 1.2 sendmsg(9<TCP:[127.0.0.1:8000->127.0.0.1:5001]>, {{msg_iov=[{{iov_base="HTTP/1.1 {answer} OK\\r\\n"..., iov_len=90}}]}}, 0) = 90
{reopening}7 1.8 recvfrom(9<TCP:[127.0.0.1:8000->127.0.0.1:5001]>, "POST /hooks/seedance HTTP/1.1\\r\\n"..., 4096, 0, NULL, NULL) = 300
8 1.9 fdatasync(5</store/seedhook.db-wal>) = 0
7 2.0 sendmsg(9<TCP:[127.0.0.1:8000->127.0.0.1:5001]>, {{msg_iov=[{{iov_base="HTTP/1.1 200 OK\\r\\n"..., iov_len=90}}]}}, 0) = 90
"""
FAILED = "-1 EIO (Input/output error) (INJECTED)"
REOPENING = """\
8 1.3 openat(AT_FDCWD, "/store/seedhook.db-wal", O_RDWR|O_CREAT, 0600 <unfinished ...>
7 1.4 recvfrom(9<TCP:[127.0.0.1:8000->127.0.0.1:5001]>, 0x1, 4096, 0, NULL, NULL) = -1 EAGAIN
8 1.4 <... openat resumed>) = 5</store/seedhook.db-wal>
8 1.5 ftruncate(5</store/seedhook.db-wal>, 0) = 0
8 1.6 pread64(4</store/seedhook.db>, "SQLite format 3"..., 4096, 0) = 4096
"""


def faults_in(first="0", answer="200", reopening=""):
    story = faults_fsync.story_of(TRACE.format(first=first, answer=answer, reopening=reopening), "seedhook.db", 8000)
    return len(faults_fsync.judge(story))


def problems_of(folder, plant):
    """What the files' judge says of two right tasks once `plant` has changed something."""
    tasks = {"req_one": "succeeded", "req_two": "failed"}
    for request_id, status in tasks.items():
        for name in faults_judge.files_of(request_id, status):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b'{"requestId":"%s"}' % request_id.encode() if name.endswith(".json") else
                                        origin.content(request_id))
    files = faults_judge.Files(folder, tasks)
    plant(folder / "library")
    return files.problems() + files.missing()


def passes(folder):
    whole = origin.content("req_one")
    told = {"req_one": "succeeded", "req_two": "failed"}
    checks = {
        "a right story passes": faults_in() == 0,
        "a right story with a failed sync passes": faults_in(FAILED, "503", REOPENING) == 0,
        "a 200 after a failed sync is found": faults_in(FAILED, "200", REOPENING) == 1,
        "a 200 before the database is reopened is found": faults_in(FAILED, "503") == 1,
        "a 200 before the log is begun anew is found":
            faults_in(FAILED, "503", "".join(REOPENING.splitlines(True)[:3])) == 1,
        "right files pass": problems_of(folder / "1", lambda at: None) == [],
        "a partial file is found": "partial" in str(problems_of(
            folder / "2", lambda at: (at / "req_one.mp4").write_bytes(whole[:-1]))),
        "a second file is found": "too many" in str(problems_of(
            folder / "3", lambda at: (at / "req_one-2.mp4").write_bytes(whole))),
        "a missing file is found": "missing" in str(problems_of(
            folder / "4", lambda at: (at / "req_one.mp4").unlink())),
        "a kept acknowledgement passes": faults_judge.lost(told, told) == [],
        "a lost acknowledgement is found": "req_two" in str(faults_judge.lost(told, {"req_one": "succeeded"})),
        "a forgotten status is found": "req_two" in str(faults_judge.lost(told, told | {"req_two": "processing"})),
        "a 400 for our own fault is found": len(faults_judge.wrong_answers([200, 503, 400, 500])) == 2,
    }
    for what, holds in checks.items():
        print("good" if holds else "WRONG", what)
    return all(checks.values())
