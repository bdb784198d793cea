"""Events: their form, their names, and that they never fail a round."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from rollouts.cluster.errors import ForbiddenError
from rollouts.cluster.events import Events, event_name, event_object
from rollouts.cluster.kinds import EVENTS
from rollouts.cluster.port import Collection, CreateOptions, Json
from rollouts.model.plan import Event
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.store import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAUSED = Event("RolloutPaused", "Rollout is paused (CanaryPauseStep)")


def a_rollout(name: str = "web", *, changed: str = "2026-01-01T11:00:00Z", **status: Any) -> Json:
    condition = {"type": "Progressing", "status": "True", "reason": "x", "lastTransitionTime": changed}
    meta = {"name": name, "namespace": "default", "uid": "u1", "resourceVersion": "7"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": meta,
        "status": {"conditions": [condition], **status},
    }


def test_an_event_names_its_object_as_kubectl_looks_for_it() -> None:
    """describe selects by involvedObject; the component is Argo's."""
    body = event_object(a_rollout(), PAUSED, now=NOON)

    assert tuple(body["involvedObject"][key] for key in ("kind", "name", "uid")) == ("Rollout", "web", "u1")
    assert body["source"] == {"component": "rollouts-controller"}
    assert (body["type"], body["firstTimestamp"]) == ("Normal", "2026-01-01T12:00:00Z")


def test_a_repeated_round_gives_its_event_the_same_name() -> None:
    """Time and resourceVersion are no part of it."""
    again = a_rollout()
    again["metadata"]["resourceVersion"] = "9"

    assert event_name(a_rollout(), PAUSED) == event_name(again, PAUSED)


def test_the_same_words_after_another_transition_are_another_event() -> None:
    """A second abort after a retry must be seen."""
    later = a_rollout(changed="2026-01-01T11:30:00Z")

    assert event_name(a_rollout(), PAUSED) != event_name(later, PAUSED)
    assert event_name(a_rollout(), PAUSED) != event_name(a_rollout(currentStepIndex=2), PAUSED)


def test_a_long_name_is_cut_to_what_kubernetes_takes() -> None:
    """The digest stays whole."""
    assert len(event_name(a_rollout("x" * 253), PAUSED)) == 253


def test_a_status_of_the_wrong_shape_can_still_be_told_of() -> None:
    """Undecodable objects get events too."""
    broken = a_rollout() | {"status": "nonsense"}

    assert event_name(broken, PAUSED).startswith("web.")


def test_an_event_that_was_told_before_is_told_once() -> None:
    """The second create meets the first."""

    async def main() -> int:
        store = Store(virtual_now)
        events = Events(store, virtual_now)
        await events.emit(a_rollout(), PAUSED)
        await events.emit(a_rollout(), PAUSED)
        await events.close()
        return len((await store.list(Collection(EVENTS, "default"))).items)

    assert run_virtual(main()) == 1


def test_an_event_that_is_refused_fails_nothing() -> None:
    """Events are best effort; the metrics hear of them anyway."""
    heard: list[str] = []

    class Refusing:
        async def create(self, *_: Collection | Json | CreateOptions) -> Json:
            raise ForbiddenError("no")

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(name)

    async def main() -> None:
        store: Any = Refusing()
        events = Events(store, virtual_now, heard=lambda _about, event: heard.append(event.reason))
        await events.emit(a_rollout(), PAUSED)
        await events.close()

    run_virtual(main())

    assert heard == ["RolloutPaused"]


def test_events_of_one_object_go_out_in_order_and_hold_nobody_up() -> None:
    """A server that takes its time delays neither the round nor another object's events."""
    sent: list[tuple[float, str, str]] = []

    class Tardy:
        async def create(self, _: Collection, body: Json, __: CreateOptions = CreateOptions()) -> Json:
            await asyncio.sleep(1)
            sent.append((asyncio.get_running_loop().time(), body["involvedObject"]["uid"], body["reason"]))
            return body

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(name)

    async def main() -> float:
        store: Any = Tardy()
        events, loop = Events(store, virtual_now), asyncio.get_running_loop()
        other = a_rollout()
        other["metadata"]["uid"] = "u2"
        began = loop.time()
        for about, reason in ((a_rollout(), "A"), (a_rollout(), "B"), (other, "C")):
            await events.emit(about, Event(reason, ""))
        took = loop.time() - began
        await events.close(grace=5)
        sent[:] = [(moment - began, uid, reason) for moment, uid, reason in sent]
        return took

    assert run_virtual(main()) == 0
    assert sorted(sent) == [(1.0, "u1", "A"), (1.0, "u2", "C"), (2.0, "u1", "B")]


def test_what_waits_too_long_at_the_end_is_lost() -> None:
    """A server that does not answer keeps no controller from its end."""

    class Silent:
        async def create(self, *_: Collection | Json | CreateOptions) -> Json:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(name)

    async def main() -> float:
        store: Any = Silent()
        events, loop = Events(store, virtual_now), asyncio.get_running_loop()
        began = loop.time()
        await events.emit(a_rollout(), PAUSED)
        await events.close(grace=2)
        return loop.time() - began

    assert run_virtual(main()) == 2
