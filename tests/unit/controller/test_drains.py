"""What a controller knows of its last writes to routes and Services."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rollouts.controller.drains import Drains
from rollouts.controller.kinds.protocol import Key
from rollouts.model.effects import PointService, ScaleVersion
from rollouts.model.snapshot import Snapshot
from tests.builders.rollouts import a_canary, a_rollout

KEY = Key("rollouts", "default", "shop")
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
SEEN = Snapshot(a_rollout(a_canary()))


def moved(drains: Drains, now: datetime) -> datetime | None:
    """When this rollout's routes were written last, as a decision at this moment sees it."""
    return drains.seen(KEY, SEEN, now).moved_at


def test_what_is_not_known_was_just_now() -> None:
    """A controller that starts cannot tell what the one before it wrote a second ago; later it can."""
    drains = Drains()

    assert moved(drains, NOON) == NOON
    assert moved(drains, LATER) == NOON


def test_a_write_is_timed_by_the_round_after_it() -> None:
    """The round that sends it may have begun long before its end."""
    drains = Drains()
    moved(drains, NOON)
    drains.note(KEY, [PointService("web", "v2")])

    assert moved(drains, LATER) == LATER


def test_other_effects_move_nothing() -> None:
    """A size is no word to a route."""
    drains = Drains()
    moved(drains, NOON)
    drains.note(KEY, [ScaleVersion("web-1", 2, 2)])

    assert moved(drains, LATER) == NOON


def test_a_rollout_that_is_gone_is_forgotten() -> None:
    """One of its name begins anew."""
    drains = Drains()
    moved(drains, NOON)
    drains.forget(KEY)

    assert moved(drains, LATER) == LATER


def test_a_move_is_over_when_the_router_says_so() -> None:
    """A gateway may take a weight long after it was written."""
    drains, status = Drains(), SEEN.rollout.status
    moved(drains, NOON)
    taken = replace(status, canary=replace(status.canary, verified=True))
    seen = replace(SEEN, rollout=replace(SEEN.rollout, status=taken))

    assert drains.seen(KEY, seen, LATER).moved_at == LATER
    assert drains.seen(KEY, seen, LATER + timedelta(minutes=1)).moved_at == LATER
