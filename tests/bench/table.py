"""Tables, targets, and how a benchmark ends."""
import dataclasses
import sys


def show(head, rows):
    """Columns as wide as their widest; the first to the left, figures to the right."""
    cells = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for row in cells:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))))


@dataclasses.dataclass
class Target:
    what: str
    reached: float
    limit: float
    sign: str

    @property
    def met(self):
        return self.reached >= self.limit if self.sign == "≥" else self.reached <= self.limit


def at_least(what, reached, limit):
    return Target(what, reached, limit, "≥")


def at_most(what, reached, limit):
    return Target(what, reached, limit, "≤")


def finish(name, targets, judge=True):
    """Prints the targets and a last line; ends the program, with 1 when one was missed."""
    print()
    show(["target", "reached", "to reach", ""],
         [[t.what, f"{t.reached:.2f}", f"{t.sign} {t.limit:g}", "met" if t.met else "MISSED"] for t in targets])
    missed = sum(not t.met for t in targets)
    print(f"{name}: {len(targets) - missed} of {len(targets)} targets met")
    sys.exit(1 if judge and missed else 0)
