"""All that can go wrong between the controller and the API server. Put around the controller's port by life.py.

An omen is asked at every call, and at every event of a watch, and may name a Fault. Faults are counted by the place
where they struck, so that a run can tell what it has covered.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from rollouts.cluster.errors import ConflictError, GoneError, ServerError, TooManyRequestsError
from rollouts.cluster.port import (
    Cluster,
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Page,
    Patch,
    PatchType,
    Query,
    Resource,
    Target,
    WatchEvent,
)

T = TypeVar("T")
MOST_PROVOCATIONS = 8
LONGEST_DELAY = 3.0
"""Seconds by which an event or an answer may come late."""


class Fault(StrEnum):
    """What may happen to a call, or to a watch."""

    KILL_BEFORE = "killed before the call"
    KILL_AFTER = "killed after the call"
    CONFLICT = "409 conflict"
    TOO_MANY = "429 too many requests"
    SERVER_ERROR = "500 server error"
    TIMEOUT = "timeout"
    LOST_ANSWER = "lost answer"
    GONE = "410 gone"
    ENDED = "ended stream"
    BROKEN = "broken stream"
    LATE = "late event"
    COMPACTED = "compacted history"


DEATHS = (Fault.KILL_BEFORE, Fault.KILL_AFTER)
READ_FAULTS = (*DEATHS, Fault.TOO_MANY, Fault.SERVER_ERROR, Fault.TIMEOUT)
WRITE_FAULTS = (*READ_FAULTS, Fault.LOST_ANSWER)
WATCH_FAULTS = (*DEATHS, Fault.SERVER_ERROR, Fault.GONE)
EVENT_FAULTS = (Fault.GONE, Fault.ENDED, Fault.BROKEN, Fault.LATE, Fault.LATE, Fault.LATE)
WRITES = ("create", "patch", "apply", "replace", "delete", "evict")


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """A call of the controller: verb, and plural of the resource with its subresource."""

    verb: str
    place: str

    def __str__(self) -> str:
        return f"{self.verb} {self.place}"

    @property
    def is_write(self) -> bool:
        """Whether it changes anything."""
        return self.verb in WRITES

    @property
    def possible(self) -> tuple[Fault, ...]:
        """What may happen here. A create meets no conflict: nothing was read before."""
        if self.verb in ("watch", "event"):
            return WATCH_FAULTS if self.verb == "watch" else EVENT_FAULTS
        if not self.is_write:
            return READ_FAULTS
        return WRITE_FAULTS if self.verb == "create" else (*WRITE_FAULTS, Fault.CONFLICT)


Omen = Callable[[Site], Fault | None]
"""Whether something happens to this call, and what."""


def calm(_site: Site) -> None:
    """The omen of a world without trouble."""


@dataclass
class Tally:
    """How often each place was called, and each fault struck there."""

    calls: Counter[Site] = field(default_factory=Counter)
    struck: Counter[tuple[Site, Fault]] = field(default_factory=Counter)

    def note(self, site: Site, fault: Fault | None) -> None:
        """One call and what became of it."""
        self.calls[site] += 1
        if fault is not None:
            self.struck[site, fault] += 1

    @property
    def faults(self) -> Counter[Fault]:
        """How often each fault struck, wherever."""
        found: Counter[Fault] = Counter()
        for (_, fault), count in self.struck.items():
            found[fault] += count
        return found

    def add(self, other: "Tally") -> None:
        """Count another run's in."""
        self.calls.update(other.calls)
        self.struck.update(other.struck)


@dataclass
class Chance:
    """An omen by dice: so often in a hundred calls, so often a death among them, with an upper bound on deaths."""

    dice: random.Random
    percent: float
    deadly: float = 0.2
    lives: int = 8
    is_calm: bool = False

    def __call__(self, site: Site) -> Fault | None:
        """The dice's word."""
        if self.is_calm or self.dice.random() * 100 >= self.percent:
            return None
        if self.dice.random() < self.deadly and self.lives > 0 and Fault.KILL_BEFORE in site.possible:
            self.lives -= 1
            return self.dice.choice(DEATHS)
        return self.dice.choice([fault for fault in site.possible if fault not in DEATHS])


@dataclass
class EverySite:
    """An omen that kills before and after each call, once, and leaves the rest to `beside`. `done` outlives the run.

    Some calls only come after trouble: an object is read when a write of it failed. So writes are made to fail until
    the reads have killed too, but not for ever, since not every write is followed by a read.
    """

    done: set[tuple[Site, Fault]]
    beside: Chance
    provoked: Counter[Site] = field(default_factory=Counter)

    @property
    def is_calm(self) -> bool:
        """Whether the other one is calm: this one never is, but comes to an end."""
        return self.beside.is_calm

    @is_calm.setter
    def is_calm(self, value: bool) -> None:
        self.beside.is_calm = value

    @property
    def percent(self) -> float:
        """How often there is other trouble."""
        return self.beside.percent

    def __call__(self, site: Site) -> Fault | None:
        """A death, where one is missing."""
        missing = self._missing(site)
        if missing:
            self.done.add((site, missing[0]))
            return missing[0]
        return self._provocation(site) or self.beside(site)

    def _missing(self, site: Site) -> list[Fault]:
        return [fault for fault in DEATHS if (site, fault) not in self.done and fault in site.possible]

    def _provocation(self, site: Site) -> Fault | None:
        read = Site("get", site.place.partition("/")[0])
        if site.verb != "patch" or self.provoked[site] >= MOST_PROVOCATIONS or not self._missing(read):
            return None
        self.provoked[site] += 1
        return (Fault.CONFLICT, Fault.SERVER_ERROR)[self.provoked[site] % 2]


class FaultyCluster:
    """A Cluster for one life of the controller. `die` is called when a call kills it; no later call is answered."""

    def __init__(
        self, inner: Cluster, omen: Omen, *, tally: Tally, dice: random.Random, die: Callable[[], None]
    ) -> None:
        self.is_dead = False
        self._inner = inner
        self._omen = omen
        self._tally = tally
        self._dice = dice
        self._die = die

    async def get(self, target: Target) -> Json:
        """As the port's."""
        return await self._call(site_of("get", target), lambda: self._inner.get(target))

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        """As the port's."""
        return await self._call(_of("list", collection.resource), lambda: self._inner.list(collection, query))

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """As the port's."""
        site = _of("create", collection.resource)
        return await self._call(site, lambda: self._inner.create(collection, body, options))

    async def patch(self, target: Target, patch: Patch) -> Json:
        """As the port's."""
        return await self._call(site_of(verb_of(patch), target), lambda: self._inner.patch(target, patch))

    async def replace(self, target: Target, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """As the port's."""
        return await self._call(site_of("replace", target), lambda: self._inner.replace(target, body, options))

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """As the port's."""
        await self._call(site_of("delete", target), lambda: self._inner.delete(target, options))

    async def evict(self, target: Target) -> None:
        """As the port's."""
        await self._call(site_of("evict", target), lambda: self._inner.evict(target))

    async def discover(self) -> tuple[Resource, ...]:
        """As the port's."""
        return await self._call(Site("discover", "*"), self._inner.discover)

    async def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        """As the port's; each event may come late, or be the last."""
        site = _of("watch", collection.resource)
        fault = await self._begin(site)
        async for event in self._inner.watch(collection, query):
            if fault is Fault.KILL_AFTER:
                await self._end()
            trouble = self._seen(Site("event", site.place))
            if trouble is Fault.ENDED:
                return
            if trouble is Fault.LATE:
                await asyncio.sleep(self._dice.uniform(0, LONGEST_DELAY))
            elif trouble is not None:
                _refuse(trouble)
            yield event

    async def _call(self, site: Site, do: Callable[[], Coroutine[Any, Any, T]]) -> T:
        fault = await self._begin(site)
        answer = await do()
        if fault is Fault.KILL_AFTER:
            await self._end()
        await asyncio.sleep(self._dice.uniform(0, 0.01))
        if self.is_dead:
            await self._end()
        if fault is Fault.LOST_ANSWER:
            _refuse(fault)
        return answer

    async def _begin(self, site: Site) -> Fault | None:
        """Until the call reaches the server, if it does."""
        if self.is_dead:
            await self._end()
        fault = self._seen(site)
        await asyncio.sleep(self._dice.uniform(0, 0.01))
        if fault is Fault.KILL_BEFORE or self.is_dead:
            await self._end()
        if fault is Fault.TIMEOUT:
            await asyncio.sleep(self._dice.uniform(0.1, LONGEST_DELAY))
        if fault is not None and fault not in (Fault.KILL_AFTER, Fault.LOST_ANSWER):
            _refuse(fault)
        return fault

    def _seen(self, site: Site) -> Fault | None:
        fault = self._omen(site)
        self._tally.note(site, fault)
        return fault

    async def _end(self) -> NoReturn:
        """The process is no more: whoever waits here waits to be cancelled."""
        if not self.is_dead:
            self.is_dead = True
            self._die()
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes the dead")


def verb_of(patch: Patch) -> str:
    """`apply` and `patch` are writes; a dry run only tries."""
    if patch.is_dry_run:
        return "try"
    return "apply" if patch.type is PatchType.APPLY else "patch"


def _of(verb: str, resource: Resource) -> Site:
    return Site(verb, resource.plural)


def site_of(verb: str, target: Target) -> Site:
    """Where a verb meets this object."""
    return Site(verb, "/".join(filter(None, (target.resource.plural, target.subresource))))


def _refuse(fault: Fault) -> NoReturn:
    match fault:
        case Fault.CONFLICT:
            raise ConflictError("the object has been modified; please apply your changes to the latest version")
        case Fault.TOO_MANY:
            raise TooManyRequestsError("too many requests", retry_after=1)
        case Fault.GONE:
            raise GoneError("too old resource version")
        case _:
            raise ServerError(f"planned trouble: {fault}")
