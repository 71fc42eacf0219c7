"""The power of the disk is cut again and again while callbacks come: what was acknowledged must be there afterwards.

--weaken takes one promise to the disk from the daemon, and then losses must be found: a check that cannot fail is none.
    synchronous  the store's commits are not synced
    video        files of the spool and the output are not synced
    folder       names in folders are not synced; any other sync that commits ext4's journal brings them along, but the
                 store's log is mostly written over in place, which commits nothing: so the last file before a rest is
                 gone while its task is done
"""
import os
import random
import sys
import time

import run
from cycles import Cycles
from place import Place
from volume import Unavailable, Volume

CYCLE_ROOM = 80 << 20  # what the videos of a cycle may take


class PowerCut:
    """The disk stops first, and what is answered 2xx in the moment after counts as acknowledged all the same.

    But for what was under way while the file system shut down: an fdatasync that began before the shutdown's end may
    then return 0 though the journal's commit was dropped (Linux 6.18 does so in one of ten cuts, whoever calls it). A
    machine without power would not have returned from it. One that begins later fails, as it must.
    """

    def __init__(self, volume, seed, weak):
        self.volume = volume
        self.moments = {"rest": 1} if weak == "folder" else {"start-up": 20, "flow": 45, "stop": 15, "rest": 20}
        self.random = random.Random(f"power cut {seed}")

    def strike(self, life):
        began = time.monotonic()
        self.volume.cut()
        ended = time.monotonic()
        time.sleep(self.random.uniform(0, 0.2))
        life.kill()
        return began, ended

    def recover(self):
        self.volume.remount()


def main():
    parser = run.arguments_of(__doc__, 50)
    parser.add_argument("--weaken", choices=["synchronous", "video", "folder"])
    arguments = parser.parse_args()
    print(f"powercut: seed {arguments.seed}", flush=True)
    with run.workplace(arguments.keep) as folder:
        volume = Volume(folder, max(2 << 30, arguments.cycles * CYCLE_ROOM))
        try:
            if missing := what_is_missing(volume):
                print(f"powercut: cannot run here: it needs root, ext4 and loop devices ({missing})", file=sys.stderr)
                return 77
            return cut_and_check(arguments, folder, volume)
        finally:
            volume.close()


def what_is_missing(volume):
    try:
        volume.make()
        return None
    except Unavailable as why:
        return why


def cut_and_check(arguments, folder, volume):
    weak = arguments.weaken
    with Place(folder, volume.path) as place:
        if weak:
            place.environment = {"LD_PRELOAD": os.environ["SEEDHOOK_WEAKEN_LIBRARY"], "SEEDHOOK_WEAKEN": weak,
                                 "SEEDHOOK_WEAKEN_STORE": str(place.store)}
        volume.remount()  # the empty folders are there for good
        cycles = Cycles(place, PowerCut(volume, arguments.seed, weak), arguments.senders, arguments.seed)
        run.run_all("powercut", arguments.cycles, cycles, until_found=bool(weak))
    if not weak:
        return 1 if cycles.findings.total else 0
    found = sum(len(cycles.findings.subjects[kind]) for kind in ("lost", "wrong", "partial"))
    print(f"powercut: weakened ({weak}), " + (f"and {found} losses were found, as they must be" if found
                                              else "and no loss was found: this check would not notice"))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
