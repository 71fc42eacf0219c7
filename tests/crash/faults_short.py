"""Short reads and writes: the whole story with every n-th call doing only a part of what was asked."""
import itertools
import os

import faults_run
import faults_scene

LIBRARY = os.environ.get("SHORT_WRITES", "")  # the preload library, see short_writes.cpp
# What must have been cut short for a run to say anything: these in all runs, those where every call is. Only SQLite calls
# pwrite64 and pread64 by these names, which shows that its calls come by here.
OFTEN = ("pwrite64", "pread64", "write", "recv")
EVER = OFTEN + ("pwrite", "send", "sendmsg", "copy_file_range", "read")


def runs(stage):
    for every, to, scene in itertools.product((1, 2, 3, 7), ("1", "half"), faults_scene.SCENES):
        by_the_byte = every == 1 and to == "1"
        if not (by_the_byte and scene == "resume"):  # half of its large video would take half a minute
            yield f"short-write run, every {every} to {to}, {scene}", one_run(stage, scene, every, to, small=by_the_byte)


def one_run(stage, scene, every, to, small):
    run = faults_run.Run(stage, scene, small)
    report = run.folder / "short.txt"
    environment = {"LD_PRELOAD": LIBRARY, "SHORT_EVERY": str(every), "SHORT_TO": to, "SHORT_REPORT": str(report)}
    try:
        try:
            run.play(environment=environment)
            run.is_alive_and_well()
            if (code := run.end_in_the_middle()) != 0:
                run.problems.append(f"it ended with {code}")
        except (faults_run.Died, faults_run.Failed) as e:
            run.problems.append(str(e))
        run.kill()
        run.restart_and_judge()
        run.problems += not_shortened(report, EVER if every == 1 else OFTEN)
        return run.problems
    finally:
        run.close()


def not_shortened(report, names):
    counts = dict(line.split() for line in report.read_text().splitlines()) if report.exists() else {}
    return [f"no call of {name} was made shorter" for name in names if counts.get(name, "0") == "0"]
