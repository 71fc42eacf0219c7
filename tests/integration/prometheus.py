"""Metrics as a reader of the Prometheus text format sees them, and Prometheus's own judgement of files."""
import re
import subprocess

import harness


class Metrics:
    """One scrape: {name: {frozenset of label pairs: value}}, and the families with their types and help."""

    def __init__(self, text):
        self.text, self.values, self.types, self.helps = text, {}, {}, {}
        for line in text.splitlines():
            if comment := re.match(r"# (TYPE|HELP) (\S+) (.*)", line):
                (self.types if comment[1] == "TYPE" else self.helps)[comment[2]] = comment[3]
            elif sample := re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line):
                labels = frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', sample[2] or ""))
                self.values.setdefault(sample[1], {})[labels] = float(sample[3])

    def value(self, metric, /, **labels):
        """Nothing when there is no such series."""
        return self.values.get(metric, {}).get(frozenset(labels.items()))

    def total(self, metric, /, **labels):
        """The sum of the series that have these labels, beside others."""
        return sum(v for k, v in self.values.get(metric, {}).items() if frozenset(labels.items()) <= k)

    def labels(self, metric, label):
        return {value for series in self.values.get(metric, {}) for name, value in series if name == label}


def scrape(d):
    answer = d.api("GET", "/metrics")
    assert answer.status == 200, answer.body
    return Metrics(answer.body.decode())


def wait_for(d, metric, /, **labels):
    harness.wait_until(lambda: (scrape(d).value(metric, **labels) or 0) > 0, f"{metric} {labels}")


def promtool(*arguments, stdin=None):
    """What it printed; a test fails when it finds fault."""
    ran = subprocess.run(["promtool", *map(str, arguments)], input=stdin, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr
