"""What the simulations reach: every call site killed before and after, every fault, every invariant."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.builders.simulation import a_story
from tests.simulation.demo import the_demo
from tests.simulation.everything import everything
from tests.simulation.faults import DEATHS, Chance, EverySite, Fault, Site, Tally
from tests.simulation.play import Play, played
from tests.simulation.seeds import SAME_END, by_chance, judged, play_of

FEWEST, MOST = 10, 80
"""Stories that are played, beside the demo: so many at least, and more until everything is reached."""

INVARIANTS = {invariant.name for invariant in everything()} | {SAME_END}


class Coverage:
    """What a number of runs have reached together, and what was wrong with them."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.evaluated: Counter[str] = Counter()
        self.faults: list[str] = []
        self._killed: set[tuple[Site, Fault]] = set()

    def play(self, make: Callable[[], Play], trouble: Chance) -> None:
        """Play twice: without trouble, and with a death at each call that has not killed yet, by chance more."""
        calm, deadly = played(make(), by_chance(0, 0)), played(make(), EverySite(self._killed, trouble))
        self.faults.extend(judged(calm, deadly, patient=make().patient))
        self.tally.add(deadly.tally)
        self.evaluated.update(deadly.witness.evaluated)

    @property
    def survivors(self) -> list[str]:
        """Calls that have not killed, before or after, though they were made."""
        calls = [site for site in sorted(self.tally.calls) if site.verb != "event"]
        return [f"{site}: {fault}" for site in calls for fault in DEATHS if not self.tally.struck[site, fault]]

    @property
    def missing(self) -> list[str]:
        """Faults that did not strike, and invariants that had no case."""
        absent = [str(fault) for fault in Fault if not self.tally.faults[fault]]
        return absent + sorted(name for name in INVARIANTS if not self.evaluated[name])

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "call sites, with calls and deaths before and after:"
        for site in sorted(self.tally.calls):
            deaths = [self.tally.struck[site, fault] for fault in DEATHS]
            if site.verb != "event":
                yield f"  {site!s:36}{self.tally.calls[site]:7}{deaths[0]:5}{deaths[1]:5}"
        yield "faults: " + ", ".join(f"{fault} {self.tally.faults[fault]}" for fault in Fault)
        yield "invariants: " + ", ".join(f"{name} {self.evaluated[name]}" for name in sorted(INVARIANTS))


def test_all_is_reached(capfd: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]) -> None:
    """Each call kills somewhere, before and after; each fault strikes; each invariant has cases to judge."""
    coverage = Coverage()
    coverage.play(the_demo, by_chance(0, 5))
    for seed in range(MOST):
        if seed >= FEWEST and not coverage.survivors and not coverage.missing:
            break
        story = a_story(seed)
        coverage.play(partial(play_of, story), by_chance(seed, story.percent))

    record_property("simulation coverage", str(coverage))
    with capfd.disabled():
        print(f"\n{coverage}", file=sys.stderr)
    assert coverage.faults == []
    assert coverage.survivors == []
    assert coverage.missing == []
