"""packaging/prometheus: Prometheus takes its files, every alert is tested, and nothing names a metric that there is not."""
import json
import re

import pytest

import log_table
from asking import asking
from prometheus import promtool, scrape

FOLDER = log_table.PROJECT / "packaging/prometheus"
RULES, TESTS, DASHBOARD = (FOLDER / name for name in ("seedhook.rules.yml", "seedhook.rules.test.yml", "dashboard.json"))


@pytest.fixture
def names(sandbox, daemon):
    """Every series that the daemon shows, with `up`, which is Prometheus's own."""
    return set(scrape(daemon(settings=asking(sandbox()))).values) | {"up"}


def named_in(text):
    """The metrics that a query names."""
    return set(re.findall(r"\b(?:seedhook|process)_\w+|\bup\b", text))


def panels():
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]


def test_prometheus_takes_the_files():
    assert "SUCCESS" in promtool("check", "rules", RULES)
    assert "SUCCESS" in promtool("test", "rules", TESTS)
    promtool("check", "config", "--syntax-only", FOLDER / "scrape.yml")


def test_every_alert_is_tested_to_fire_and_to_keep_quiet():
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8")))
    quiet, *firing = TESTS.read_text(encoding="utf-8").split("  - name: ")[1:]
    assert set(re.findall(r"alertname: (\w+)", quiet)) == alerts
    assert "exp_alerts" not in quiet
    assert {test.split()[0] for test in firing if "exp_alerts" in test} == alerts
    assert len(alerts) >= 15


def test_every_metric_of_the_alerts_exists(names):
    expressions = re.findall(r"expr: (\|\n(?: {10,}.*\n)+|.*)", RULES.read_text(encoding="utf-8"))
    wanted = set().union(*map(named_in, expressions))
    assert len(wanted) >= 12
    assert wanted <= names


def test_every_metric_of_the_dashboard_exists_and_it_shows_all(names):
    expressions = [t["expr"] for p in panels() for t in p.get("targets", [])]
    wanted = set().union(*map(named_in, expressions))
    assert wanted <= names
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in wanted}
    shown = {re.sub("_(bucket|sum|count)$", "", name) for name in names if name.startswith("seedhook_")}
    assert shown <= families


def test_the_dashboards_panels_stand_beside_each_other():
    taken = {}
    ids = [p["id"] for p in panels()]
    assert len(ids) == len(set(ids))
    for panel in panels():
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            assert cell not in taken, f"{panel['title']} lies on {taken[cell]}"
            taken[cell] = panel["title"]


def test_every_metric_is_told_of(names):
    told = named_in((FOLDER / "README.md").read_text(encoding="utf-8"))
    assert {re.sub("_(bucket|sum|count)$", "", n) for n in names if n.startswith("seedhook_")} <= told
