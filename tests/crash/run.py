"""What the programs of this folder have in common: their arguments, their end, and the run itself."""
import argparse
import contextlib
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

import report


def arguments_of(description, cycles):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=cycles)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31), help="default: another each time")
    parser.add_argument("--senders", type=int, default=50)
    parser.add_argument("--keep", action="store_true", help="leave the folder (database, videos, logs) to look at")
    return parser


@contextlib.contextmanager
def workplace(keep):
    """A temporary folder, with a path short enough for unix sockets. It goes however the run ends."""
    endings = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

    def leave(number, _):
        for again in endings:
            signal.signal(again, signal.SIG_IGN)  # clearing up is not to be interrupted
        sys.exit(128 + number)

    for number in endings:
        signal.signal(number, leave)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seedhook-"))
    try:
        yield folder
    finally:
        if keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def run_all(name, cycles, run, until_found=False):
    """Runs the cycles and tells about them; with `until_found`, up to the first that finds something."""
    began = time.monotonic()
    progress = report.Progress(name, cycles)
    while run.cycles < cycles and not (until_found and run.findings.total):
        run.run_one()
        progress.show(run)
    if not until_found:
        run.finish()
    report.show_table(run, time.monotonic() - began)
    print(f"{name}: {run.cycles} cycles, {run.findings.total} violations", flush=True)
