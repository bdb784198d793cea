"""Takes one number from a metric service. Called by the controller for checks that have bounds; the shell of samples.

Where a service needs more time, it waits. What goes wrong is an AnalysisError without any secret in its words.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from analysis.driving import Ask, drive
from analysis.errors import AnalysisError
from analysis.model import Measurement, Phase
from analysis.redaction import forms_of, redacted, secrets_in
from analysis.requests import Defaults, Pending, Request, RunIdentity, Setting
from analysis.samples.source import Sample, Source, Way
from analysis.samples.ways import way_of


class Sampler:
    """Takes numbers, many at a time."""

    def __init__(self, ask: Ask, clock: Callable[[], datetime], defaults: Defaults | None = None) -> None:
        self._ask = ask
        self._clock = clock
        self._defaults = defaults or Defaults()

    async def sample(self, source: Source, run: RunIdentity = RunIdentity()) -> float:  # noqa: B008  # a frozen value
        """The number. NoDataError where the service has none; AnalysisError says what else is wrong."""
        hidden: list[str] = [value for value in self._defaults.hidden if value]
        try:
            return await self._taken(source, run, hidden)
        except AnalysisError as error:
            raise type(error)(redacted(str(error), forms_of(hidden))) from None

    async def _taken(self, source: Source, run: RunIdentity, hidden: list[str]) -> float:
        def seen(request: Request, answer: Any) -> None:
            hidden.extend(secrets_in(request, answer))

        way, started = way_of(source.service), self._clock()
        number = int(started.timestamp())
        outcome = await drive(way.run(source, self._setting(run, number)), self._ask, seen)
        while isinstance(outcome, Pending):
            await asyncio.sleep(max((outcome.resume_at - self._clock()).total_seconds(), 0.0))
            pending = Measurement(Phase.RUNNING, started, metadata=outcome.metadata, resume_at=outcome.resume_at)
            outcome = await drive(_resumed(way, source, pending, self._setting(run, number)), self._ask, seen)
        return outcome

    def _setting(self, run: RunIdentity, number: int) -> Setting:
        return Setting(self._clock(), self._defaults, run, number)


def _resumed(way: Way, source: Source, pending: Measurement, setting: Setting) -> Sample:
    return way.resume(source, pending, setting) if way.resume else way.run(source, setting)
