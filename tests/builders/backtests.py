"""Backtests without a network: a template, curves for its queries, and what comes out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from analysis.requests import Json, Request
from rollouts.cli.backtest_input import Case, case_of
from rollouts.cli.backtest_play import Tried, Words, tried
from tests.builders.recordings import AT_PROMETHEUS, Curve, Prometheus, after

HOUR = Words(after(0), after(3600))


class Doors:
    """Ports that answer from curves."""

    defaults = AT_PROMETHEUS

    def __init__(self, prometheus: Prometheus) -> None:
        self.prometheus = prometheus

    async def ask(self, request: Request) -> Json:
        """The answer, at once."""
        return self.prometheus.answer(request)

    async def close(self) -> None:
        """Nothing to close."""


def a_metric_of(name: str = "rate", **metric: Any) -> Json:
    """As a template has it: every minute, five times, not below 0.95."""
    provider = metric.pop("provider", {"prometheus": {"query": metric.pop("query", name)}})
    given = {"interval": "1m", "count": 5, "successCondition": "result[0] >= 0.95", **metric}
    return {"name": name, "provider": provider, **given}


def a_template(*metrics: Json, name: str = "rate", **spec: Any) -> Json:
    """An AnalysisTemplate."""
    body = {"metrics": list(metrics) or [a_metric_of()], **spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": body}


def written(folder: Path, *objects: Any, name: str = "template.yaml") -> str:
    """A file that holds these."""
    path = folder / name
    path.write_text(yaml.safe_dump_all(objects))
    return str(path)


def a_case(folder: Path, *objects: Json, args: Sequence[str] = (), chosen: str = "", address: str = "") -> Case:
    """The case that the objects make."""
    return case_of([written(folder, *(objects or [a_template()]))], chosen, args, address)


def a_backtest(case: Case, *, words: Words = HOUR, **curves: Curve) -> Tried:
    """It tried with these curves, for an hour from noon on if nothing else is said."""
    return tried(case, words, Doors(Prometheus(None, **curves)))
