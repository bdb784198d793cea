"""From what a provider's flow came to, to a measurement with its verdict. Pure; called by the runner and backtest."""

from datetime import datetime
from typing import assert_never

from analysis.model import Measurement, Metric, Phase
from analysis.requests import Outcome, Pending, Value, Verdict
from analysis.verdict import judge


def measured(metric: Metric, outcome: Outcome, started: datetime, finished: datetime) -> Measurement:
    """The measurement; `finished` is what conditions call now."""
    match outcome:
        case Pending():
            return Measurement(Phase.RUNNING, started, metadata=outcome.metadata, resume_at=outcome.resume_at)
        case Verdict():
            return Measurement(outcome.phase, started, finished, outcome.text, outcome.message, outcome.metadata)
        case Value():
            phase, message = judge(metric, outcome.result, finished)
            return Measurement(phase, started, finished, outcome.text, message, outcome.metadata)
        case _:
            assert_never(outcome)
