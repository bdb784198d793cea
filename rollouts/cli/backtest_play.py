"""A backtest from its words to its outcome: record what was, play every run. Called by the command.

The metric service is asked over the controller's own ports, with its bounds and patience; few queries at a time.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analysis.asking import Asking
from analysis.backtest import SLACK, Book, Played, Sample, Start, grid_of, is_endless, planned, play, starts
from analysis.errors import AnalysisError
from analysis.model import Metric, RunSpec
from analysis.ports import HttpPorts, Ports
from analysis.recording import Recording, Tape, record
from analysis.requests import Defaults
from analysis.units import format_duration
from rollouts.cli.backtest_input import Case
from rollouts.cli.session import CommandError

MOST_STARTS = 20_000
"""Runs of one backtest."""
MOST_MOMENTS = 2_000_000
"""Moments of one metric."""
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Words:
    """What was asked for, understood. `events` None: a run at each `every` (None: at each interval)."""

    first: datetime
    last: datetime
    every: timedelta | None = None
    lasts: timedelta | None = None
    events: tuple[Start, ...] | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A backtest as it came out. `queries` is what it cost, `notes` what was assumed."""

    case: Case
    words: Words
    every: timedelta | None
    runs: tuple[Played, ...]
    stories: dict[str, tuple[Sample, ...]]
    queries: int
    notes: tuple[str, ...] = ()


def tried(case: Case, words: Words, ports: Ports | None = None) -> Tried:
    """Ask for what was, and play. CommandError where the service refuses or cannot be reached."""
    every = None if words.events is not None else words.every or _least_interval(case.spec)
    begins = _begins(case.spec, words, every)
    spans = _spans(case.spec, words, begins)
    grid = grid_of(case.spec, every)
    _refuse_too_much(spans, grid)
    asked = ports or HttpPorts(Defaults(os.environ.get("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", "")))
    try:
        tapes = asyncio.run(_recorded(case.spec.metrics, spans, grid, asked))
    except AnalysisError as error:
        raise CommandError(str(error)) from error
    book = Book({metric.name: metric for metric in case.spec.metrics}, tapes, asked.defaults)
    runs = tuple(play(case.spec, begin, book, words.lasts) for begin in begins)
    stories = {metric.name: book.story(metric.name) for metric in case.spec.metrics}
    queries = sum(tape.queries for recorded in tapes.values() for tape in recorded)
    notes = (*case.notes, *_notes(case.spec, words), *_silent(stories))
    return Tried(case, words, every, runs, stories, queries, notes)


def _least_interval(spec: RunSpec) -> timedelta:
    found = [every for metric in spec.metrics if (every := metric.every())]
    return min(found, default=timedelta(minutes=1))


def _begins(spec: RunSpec, words: Words, every: timedelta | None) -> tuple[Start, ...]:
    if every is None:
        return _of_span(words)
    last = words.last - planned(spec, words.lasts)
    if last < words.first:
        raise CommandError(
            f"a run takes {format_duration(planned(spec, words.lasts))}, and from --from to --to there are only "
            f"{format_duration(words.last - words.first)}: take a longer span"
        )
    if (last - words.first) // every > MOST_STARTS:
        raise CommandError(
            f"that is more than {MOST_STARTS:,} runs, one at each {format_duration(every)}: "
            "take a shorter span, or a longer --every"
        )
    return tuple(starts(words.first, last, every))


def _of_span(words: Words) -> tuple[Start, ...]:
    events = words.events or ()
    found = tuple(start for start in events if words.first <= start.at <= words.last)
    if not found:
        raise CommandError(
            f"none of the {len(events)} releases lies between --from {words.first} and --to {words.last}"
        )
    return found


def _spans(spec: RunSpec, words: Words, begins: Sequence[Start]) -> tuple[Span, ...]:
    """What is to be recorded: all of it, or a while from each event on."""
    if words.events is None:
        return ((words.first, words.last),)
    length = planned(spec, words.lasts) + SLACK
    return tuple((begin.at, min(begin.at + length, words.last)) for begin in begins)


def _refuse_too_much(spans: Sequence[Span], grid: timedelta) -> None:
    moments = sum((last - first) // grid for first, last in spans)
    if moments > MOST_MOMENTS:
        raise CommandError(
            f"that is {moments:,} moments of each metric, {format_duration(grid)} apart: "
            "take a shorter span, or intervals and --every that have a longer time in common"
        )


def _notes(spec: RunSpec, words: Words) -> tuple[str, ...]:
    if not is_endless(spec) or words.lasts is not None:
        return ()
    length = format_duration(planned(spec))
    return (f"a metric without count ends with its release, here after {length}: --lasts says otherwise",)


def _silent(stories: dict[str, tuple[Sample, ...]]) -> Iterator[str]:
    for name, samples in stories.items():
        if samples and all(sample.is_empty for sample in samples):
            yield f"metric {name} never has data: is its query right, and does this Prometheus know of that time?"


async def _recorded(
    metrics: Sequence[Metric], spans: Sequence[Span], grid: timedelta, ports: Ports
) -> dict[str, list[Recording]]:
    asking = Asking(ports)
    try:
        tapes: dict[str, list[Recording]] = {}
        for metric in metrics:
            flows = (record(metric, span, grid, ports.defaults) for span in spans)
            tapes[metric.name] = await asyncio.gather(*(_driven(flow, asking) for flow in flows))
        return tapes
    finally:
        await ports.close()


async def _driven(flow: Tape, asking: Asking) -> Recording:
    answer: Any = None
    try:
        while True:
            answer = await asking.ask(flow.send(answer))
    except StopIteration as stop:
        found: Recording = stop.value
        return found
