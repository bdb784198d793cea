"""A controller that dies at any call, or waits for ever, forgets no object: what it made is pruned by the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Target
from rollouts.gitsync.inventory import read
from rollouts.simulator.clock import run_virtual
from rollouts.simulator.store import Store
from tests.unit.gitsync.loops import Loop, a_kustomization, a_loop, a_source
from tests.unit.gitsync.worlds import NAMESPACE, a_map

SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: fresh}\n"
GUEST = a_map("guest").replace(f"namespace: {NAMESPACE}", "namespace: fresh")
WRITES = ("create", "patch", "delete")
ALL = 12  # the source, four dry runs, record, namespace, a dry run in it, three applies, the status


class KilledError(BaseException):
    """The end of a process: nobody catches it."""


class Mortal:
    """A cluster that sees its nth write, and then `end`s: before the write takes effect, or right after it."""

    def __init__(self, cluster: Store, end: Callable[[], Awaitable[None]], *, at: int, takes_effect: bool) -> None:
        self._cluster = cluster
        self._end = end
        self._at = at
        self._takes_effect = takes_effect
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._cluster, name)
        if name not in WRITES:
            return method

        async def counted(*arguments: Any) -> Any:
            self.writes += 1
            if self.writes != self._at:
                return await method(*arguments)
            if self._takes_effect:
                await method(*arguments)
            return await self._end()

        return counted


async def killed() -> None:
    raise KilledError


async def silence() -> None:
    await asyncio.Event().wait()


async def a_settled_loop() -> Loop:
    loop = await a_loop()
    await loop.both(old_yaml=a_map("old"))
    return loop


async def interrupted(loop: Loop, end: Callable[[], Awaitable[None]], *, at: int, takes_effect: bool) -> Mortal:
    """A commit with three more objects, one of them in a namespace of its own, whose round ends early."""
    loop.cluster = mortal = Mortal(loop.store, end, at=at, takes_effect=takes_effect)
    loop.start()
    try:
        await loop.both(old_yaml=a_map("old"), a_yaml=a_map("a"), b_yaml=a_map("b"), c_yaml=SPACE + "---\n" + GUEST)
    except KilledError:
        pass
    finally:
        loop.cluster = None
    return mortal


def is_forgotten(loop: Loop) -> list[str]:
    """Objects of the commit that are there, and that the inventory does not name."""
    known = {(entry.namespace, entry.name) for entry in read(loop.status())}
    there = [(NAMESPACE, name) for name in ("old", "a", "b") if loop.has(name)]
    there += [("fresh", "guest")] if loop.store.peek(Target(kinds.CONFIG_MAPS, "guest", "fresh")) else []
    there += [("", "fresh")] if loop.store.peek(Target(kinds.NAMESPACES, "fresh")) else []
    return ["/".join(one) for one in there if one not in known]


@pytest.mark.parametrize("takes_effect", [False, True])
@pytest.mark.parametrize("at", range(1, ALL + 1))
async def test_a_death_at_any_write_forgets_nothing(at: int, *, takes_effect: bool) -> None:
    """Whatever stands, the inventory names it; a commit without it then takes it away."""
    loop = await a_settled_loop()

    await interrupted(loop, killed, at=at, takes_effect=takes_effect)

    assert is_forgotten(loop) == []
    loop.start()
    await loop.both(old_yaml=a_map("old"))
    assert loop.ready() == ("True", "ReconciliationSucceeded")
    assert [entry.name for entry in read(loop.status())] == ["old"]
    assert not loop.has("a")
    assert not loop.has("b")
    assert loop.store.peek(Target(kinds.CONFIG_MAPS, "guest", "fresh")) is None


async def test_every_write_of_the_round_is_among_those_deaths() -> None:
    """A round that lives on makes as many writes as the test above dies at."""
    loop = await a_settled_loop()

    mortal = await interrupted(loop, killed, at=0, takes_effect=True)

    assert mortal.writes == ALL
    assert loop.ready() == ("True", "ReconciliationSucceeded")


@pytest.mark.parametrize("at", range(4, 12))
def test_a_round_that_runs_out_of_time_forgets_nothing(at: int) -> None:
    """A server that takes a write and never answers ends the round by its timeout; the inventory names the object."""

    async def story() -> Loop:
        loop = await a_settled_loop()
        await interrupted(loop, silence, at=at, takes_effect=True)
        return loop

    loop = run_virtual(story())

    assert is_forgotten(loop) == []
    assert loop.message() == "not done within 1m0s"


async def test_only_new_objects_cost_a_write_before() -> None:
    """A commit that only changes what is there writes the status once, at the end."""
    loop = await a_settled_loop()
    loop.cluster = mortal = Mortal(loop.store, killed, at=0, takes_effect=True)
    loop.start()

    await loop.both(old_yaml=a_map("old", extra=", labels: {a: b}"))

    assert mortal.writes == 4  # the source's status, a dry run, the apply, the status


async def test_an_object_that_is_made_anew_under_its_name_starts_anew() -> None:
    """What was done for the old one, at the same generation, is not done for the new one."""
    loop = await a_settled_loop()
    for resource, body in ((kinds.GIT_REPOSITORIES, a_source()), (kinds.KUSTOMIZATIONS, a_kustomization())):
        await loop.change(resource, {"metadata": {"finalizers": []}})
        await loop.store.delete(Target(resource, "app", NAMESPACE))
        await loop.store.create(Collection(resource, NAMESPACE), body)

    await loop.fetch()
    await loop.apply()

    assert loop.ready(kinds.GIT_REPOSITORIES) == ("True", "Succeeded")
    assert loop.ready() == ("True", "ReconciliationSucceeded")
