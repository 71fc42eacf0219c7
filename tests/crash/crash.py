"""The daemon is killed again and again while callbacks come, and must not lose or repeat any."""
import sys

import run
from cycles import Cycles, Kill
from place import Place


def main():
    arguments = run.arguments_of(__doc__, 200).parse_args()
    print(f"crash: seed {arguments.seed}", flush=True)
    with run.workplace(arguments.keep) as folder, Place(folder, folder / "disk") as place:
        cycles = Cycles(place, Kill(), arguments.senders, arguments.seed)
        run.run_all("crash", arguments.cycles, cycles)
        return 1 if cycles.findings.total else 0


if __name__ == "__main__":
    sys.exit(main())
