"""What a backtest comes to, in numbers: how often, how long, how much. Called by the reports and the plot; pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from statistics import median

from analysis.backtest import Played, Sample
from analysis.model import Phase
from analysis.spells import Spell, longest, spells
from rollouts.cli.backtest_play import Tried


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many runs ended how."""

    passed: int
    aborted: int
    paused: int
    unfinished: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.passed + self.aborted + self.paused + self.unfinished


@dataclass(frozen=True, slots=True)
class Hits:
    """Releases of which it is known how they were, and how many of them the analysis would have stopped."""

    bad: int
    caught: int
    good: int
    false_alarms: int


@dataclass(frozen=True, slots=True)
class Story:
    """A metric over the whole span."""

    name: str
    measured: int
    phases: dict[Phase, int]
    empty: int
    worst: Spell[Sample] | None
    silences: tuple[Spell[Sample], ...]
    values: tuple[float, float, float] | None

    @property
    def silence(self) -> Spell[Sample] | None:
        """The longest time without data."""
        return longest(self.silences)


def outcomes(runs: Iterable[Played]) -> Outcomes:
    """How the runs ended."""
    found = [kind(run) for run in runs]
    return Outcomes(*(found.count(name) for name in ("passed", "aborted", "paused", "unfinished")))


def kind(run: Played) -> str:
    """passed, aborted, paused (a rollout waits for a person on Inconclusive) or unfinished."""
    if run.ended is None:
        return "unfinished"
    if run.is_abort:
        return "aborted"
    return "paused" if run.status.phase is Phase.INCONCLUSIVE else "passed"


def aborts(tried: Tried) -> tuple[Spell[Played], ...]:
    """Runs that follow each other and would all have aborted."""
    return tuple(spells(tried.runs, lambda run: run.start.at, lambda run: run.ended is not None and run.is_abort))


def hits(tried: Tried) -> Hits | None:
    """What was known of the releases against what the analysis says; None where nothing was known."""

    def count(is_bad: bool, is_so: Callable[[Played], bool] = lambda _: True) -> int:
        return sum(run.start.is_bad is is_bad and is_so(run) for run in tried.runs)

    if not (count(True) or count(False)):
        return None
    return Hits(count(True), count(True, _stops), count(False), count(False, _stops))


def _stops(run: Played) -> bool:
    return kind(run) in ("aborted", "paused")


def story(name: str, samples: Sequence[Sample]) -> Story:
    """The metric's numbers."""
    numbers = sorted(s.number for s in samples if s.number is not None and isfinite(s.number))
    return Story(
        name,
        measured=len(samples),
        phases={phase: sum(s.measurement.phase is phase for s in samples) for phase in Phase if phase.is_done},
        empty=sum(sample.is_empty for sample in samples),
        worst=longest(tuple(spells(samples, _moment, lambda s: s.measurement.phase is not Phase.SUCCESSFUL))),
        silences=tuple(spells(samples, _moment, lambda s: s.is_empty)),
        values=(numbers[0], median(numbers), numbers[-1]) if numbers else None,
    )


def _moment(sample: Sample) -> datetime:
    return sample.at
