"""Ticks that change nothing are remembered, not written; and nothing else is kept from the status."""

from dataclasses import replace
from datetime import timedelta

from rollouts.controller.ticking.beats import Beats
from rollouts.model.status import Phase, Status
from tests.builders.ticking import a_canary, started

ROLLOUT = started(a_canary()).rollout
NEXT = (ROLLOUT.status.ticks.ticked or ROLLOUT.status.conditions[0].changed) + timedelta(seconds=30)


def _at(status: Status, **ticks: object) -> Status:
    return replace(status, ticks=replace(status.ticks, **ticks))  # type: ignore[arg-type]  # fields by name


def test_a_tick_that_changed_nothing_is_seen_and_not_written() -> None:
    """The status stays as observed, and the next decision knows of the tick."""
    beats, wanted = Beats(), _at(ROLLOUT.status, ticked=NEXT)

    assert beats.written(ROLLOUT, wanted) == ROLLOUT.status
    assert beats.seen(ROLLOUT).status == wanted


def test_a_tick_that_counted_is_written_whole() -> None:
    """And an older beat says nothing against it."""
    beats = Beats()
    beats.written(ROLLOUT, _at(ROLLOUT.status, ticked=NEXT))
    later = _at(ROLLOUT.status, ticked=NEXT + timedelta(seconds=30), failed_checks=1)
    assert beats.written(ROLLOUT, later) == later

    after = replace(ROLLOUT, status=later)
    assert beats.seen(after) == after


def test_another_rollout_of_the_same_name_begins_at_once() -> None:
    """One that was deleted and made anew has no phase yet, whatever is remembered."""
    beats = Beats()
    beats.written(ROLLOUT, _at(ROLLOUT.status, ticked=NEXT))
    anew = replace(ROLLOUT, status=Status())

    assert beats.seen(anew) == anew
    assert beats.written(anew, Status(phase=Phase.INITIALIZING)).phase is Phase.INITIALIZING
    beats.forget((ROLLOUT.namespace, ROLLOUT.name))
    assert beats.seen(ROLLOUT) == ROLLOUT
