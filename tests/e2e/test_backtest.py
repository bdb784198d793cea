"""Backtests against a real Prometheus (Debian's), filled from OpenMetrics data: the example, as whole programs."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.backtest import Sample
from analysis.outcomes import measured
from analysis.ports import HttpPorts
from analysis.providers import provider_of
from analysis.requests import Defaults, Setting
from rollouts.cli.backtest_input import case_of
from rollouts.cli.backtest_play import Words, tried
from tests.contract.promql.reference import prometheus

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[2] / "examples" / "backtest"
TEMPLATE = str(EXAMPLE / "success-rate.yaml")
BIN = Path(sys.executable).parent
SPAN = ("--from", "2026-11-20T06:00:00Z", "--to", "2026-11-20T12:00:00Z")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that holds the example's data."""
    with prometheus(tmp_path_factory.mktemp("prometheus"), (EXAMPLE / "metrics.txt").read_text()) as url:
        yield url


def said(address: str, *words: str, program: str = "sluice", code: int = 0) -> str:
    """What the program prints."""
    command = [str(BIN / program), "backtest", "-f", TEMPLATE, "--prometheus", address, *SPAN, *words]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == code, done.stderr
    return done.stdout or done.stderr


def told(address: str, *words: str) -> dict[str, Any]:
    """The same for programs."""
    found: dict[str, Any] = json.loads(said(address, "-o", "json", *words))
    return found


def test_the_example_tells_what_its_day_was_like(address: str) -> None:
    """The bad release, the minutes without data, and the blip that a good release did not deserve."""
    found = told(address, "--arg", "app=shop")

    assert (found["summary"]["runs"], found["queries"]["ofThisBacktest"]) == (352, 4)
    stretches = [(abort["from"][11:16], abort["to"][11:16], abort["message"][:40]) for abort in found["aborts"]]
    assert stretches == [
        ("06:00", "06:00", 'Metric "traffic" assessed Failed due to '),
        ("09:04", "09:21", 'Metric "success-rate" assessed Failed du'),
        ("10:23", "10:43", 'Metric "success-rate" assessed Error due'),
        ("11:15", "11:23", 'Metric "success-rate" assessed Failed du'),
    ]
    assert [spell["from"][11:16] for spell in found["metrics"][0]["noDataSpells"]] == ["06:00", "10:32"]


def test_known_releases_find_the_better_threshold(address: str) -> None:
    """At 97 % a good release is stopped; at 95 % only the bad one is."""
    events = ("--arg", "app=shop", "--events", str(EXAMPLE / "deploys.yaml"))
    strict, sane = told(address, *events), told(address, *events, "--arg", "threshold=0.95")

    assert strict["known"] == {"bad": 1, "badStopped": 1, "good": 3, "goodStopped": 1}
    assert sane["known"] == {"bad": 1, "badStopped": 1, "good": 3, "goodStopped": 0}
    said(address, *events, "--fail-on-aborts", code=1)
    said(address, *events, "--arg", "threshold=0.95", "--fail-on-aborts")


def test_recorded_answers_are_those_of_instant_queries(address: str) -> None:
    """At any moment the backtest sees what a measurement at that moment would have seen."""
    case = case_of([TEMPLATE], "", ["app=shop"], address)
    first, last = (datetime.fromisoformat(text) for text in SPAN[1::2])
    stories = tried(case, Words(first, last, every=timedelta(minutes=7))).stories
    samples = [(name, sample) for name, story in stories.items() for sample in story[:: max(1, len(story) // 20)]]

    assert len(samples) >= 40
    assert asyncio.run(_measured(case.spec.metrics, samples)) == [(name, s.measurement) for name, s in samples]


async def _measured(metrics: Any, samples: list[tuple[str, Sample]]) -> list[tuple[str, Any]]:
    ports = HttpPorts(Defaults())
    known = {metric.name: metric for metric in metrics}
    found = []
    for name, sample in samples:
        flow = provider_of(known[name].provider).run(known[name], Setting(sample.at))
        request = next(flow)
        answer = await ports.ask(request)
        try:
            flow.send(answer)
        except StopIteration as stop:
            found.append((name, measured(known[name], stop.value, sample.at, sample.at)))
    await ports.close()
    return found


def test_the_plugin_has_it_too_and_the_page_shows_what_it_prints(address: str) -> None:
    """docs/backtest.md is a transcript: each of its blocks is what the command says today."""
    page = (Path(__file__).parents[2] / "docs" / "backtest.md").read_text()
    report = said(address, "--arg", "app=shop", program="kubectl-sluice")
    releases = said(address, "--arg", "app=shop", "--events", str(EXAMPLE / "deploys.yaml"), program="kubectl-sluice")

    assert report in page
    assert releases in page


def test_a_query_that_prometheus_refuses_is_told_in_its_words(address: str, tmp_path: Path) -> None:
    """One line, with the metric's name."""
    template = yaml.safe_load((EXAMPLE / "success-rate.yaml").read_text())
    template["spec"]["metrics"][0]["provider"]["prometheus"]["query"] = "sum(rate(x[5m])"
    broken = tmp_path / "broken.yaml"
    broken.write_text(yaml.safe_dump(template))
    words = ("-f", str(broken), "--template", "shop-success-rate", "--arg", "app=shop")
    command = [str(BIN / "sluice"), "backtest", *words, "--prometheus", address, *SPAN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: metric success-rate: bad_data: invalid parameter")
