"""Candidates for one Lease, in virtual time over the in-process store."""

import asyncio
import random
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from structlog.testing import capture_logs

from rollouts.cluster.errors import ClusterError, ForbiddenError, NotFoundError, ServerError
from rollouts.cluster.kinds import LEASES
from rollouts.cluster.leadership import Leadership
from rollouts.cluster.port import Collection, CreateOptions, Json, Patch, PatchType, Target
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.store import Store

LOCK = Target(LEASES, "lock", "default")


class Cut:
    """A cluster that one candidate can lose."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_down = False
        self.hangs = False
        self.refusals: tuple[ClusterError, ...] = ()
        self.reads = 0

    async def get(self, target: Target) -> Json:
        self.reads += 1
        await self._fate()
        return await self._store.get(target)

    async def patch(self, target: Target, patch: Patch) -> Json:
        await self._fate()
        return await self._store.patch(target, patch)

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        minute = int(asyncio.get_running_loop().time() // 60)
        if minute < len(self.refusals):
            raise self.refusals[minute]
        return await self._store.create(collection, body, options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def _fate(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_down:
            raise ServerError("unreachable")


class Candidate:
    """A candidate and what became of it."""

    def __init__(self, store: Store, name: str, diary: list[str]) -> None:
        self.cluster = Cut(store)
        self.stop = asyncio.Event()
        self.lead = Leadership(self.cluster, LOCK, identity=name, clock=virtual_now, dice=random.Random(name))
        self._name = name
        self._diary = diary
        self.task = asyncio.create_task(self.lead.serve(self._work, self.stop))

    async def _work(self, enough: asyncio.Event) -> None:
        self._note("leads")
        try:
            await enough.wait()
        finally:
            self._note("rests")

    def _note(self, what: str) -> None:
        self._diary.append(f"{self._name} {what} at {asyncio.get_running_loop().time():.0f}")


class Race:
    """Two candidates for the lock; `diary` tells who worked when."""

    def __init__(self) -> None:
        self.store = Store(virtual_now)
        self.diary: list[str] = []
        self.a = Candidate(self.store, "a", self.diary)
        self.b = Candidate(self.store, "b", self.diary)

    async def lease(self) -> Json:
        spec: Json = (await self.store.get(LOCK))["spec"]
        return spec


def race(story: Callable[[Race], Awaitable[None]]) -> list[str]:
    """Run a story in virtual time; what the candidates did."""

    async def main() -> list[str]:
        candidates = Race()
        await story(candidates)
        diary = list(candidates.diary)
        for candidate in (candidates.a, candidates.b):
            candidate.stop.set()
        await asyncio.gather(candidates.a.task, candidates.b.task)
        return diary

    return run_virtual(main())


def test_only_one_of_two_candidates_leads() -> None:
    """The second one waits for as long as the first renews."""

    async def story(candidates: Race) -> None:
        await asyncio.sleep(600)
        assert (await candidates.lease())["holderIdentity"] == "a"

    assert race(story) == ["a leads at 0"]


def test_a_leader_that_is_told_to_stop_hands_over_at_once() -> None:
    """The Lease is given back, so the other leads within one beat and not after the whole duration."""

    async def story(candidates: Race) -> None:
        await asyncio.sleep(30)
        candidates.a.stop.set()
        await asyncio.sleep(4)
        lease = await candidates.lease()
        assert (lease["holderIdentity"], lease["leaseTransitions"]) == ("b", 1)

    diary = race(story)

    assert diary[:2] == ["a leads at 0", "a rests at 30"]
    assert diary[2].startswith("b leads at 3")


def test_a_leader_renews_without_looking_and_looks_again_after_somebody_meddled() -> None:
    """One request a beat; a change by others costs one more, and not the lead."""

    async def story(candidates: Race) -> None:
        await asyncio.sleep(60)
        before = candidates.a.cluster.reads
        await candidates.store.patch(LOCK, Patch(PatchType.MERGE, {"metadata": {"labels": {"seen": "yes"}}}))
        await asyncio.sleep(60)

        assert (before, candidates.a.cluster.reads) == (1, 2)

    assert race(story) == ["a leads at 0"]


def test_a_leader_that_cannot_renew_rests_before_another_works() -> None:
    """A cut-off leader stops its workers while its Lease still holds."""

    async def story(candidates: Race) -> None:
        await asyncio.sleep(20)
        candidates.a.cluster.is_down = True
        await asyncio.sleep(40)

    diary = race(story)

    assert [diary[1][:7], diary[2][:7]] == ["a rests", "b leads"]
    assert _when(diary[1]) <= 30
    assert _when(diary[2]) >= 33


def test_a_hanging_renewal_does_not_keep_the_lead() -> None:
    """A request that never returns is cut off at the deadline."""

    async def story(candidates: Race) -> None:
        await asyncio.sleep(20)
        candidates.a.cluster.hangs = True
        await asyncio.sleep(40)

    diary = race(story)

    assert [diary[1], diary[2][:7]] == ["a rests at 30", "b leads"]


def test_a_leader_that_was_cut_off_stands_by_when_it_returns() -> None:
    """It finds the other's Lease and waits."""

    async def story(candidates: Race) -> None:
        await asyncio.sleep(20)
        candidates.a.cluster.is_down = True
        await asyncio.sleep(40)
        candidates.a.cluster.is_down = False
        await asyncio.sleep(600)

    assert len(race(story)) == 3


def test_a_crashed_leader_is_followed_after_the_lease() -> None:
    """Without a release the Lease runs out by itself."""

    async def story(candidates: Race) -> None:
        await asyncio.sleep(20)
        candidates.a.task.cancel()
        await asyncio.gather(candidates.a.task, return_exceptions=True)
        candidates.a.task = asyncio.create_task(asyncio.sleep(0))
        await asyncio.sleep(30)

    diary = race(story)

    assert diary[2][:7] == "b leads"
    assert 33 <= _when(diary[2]) <= 40


def test_two_that_create_the_lease_at_once_do_not_both_lead() -> None:
    """AlreadyExists makes a follower."""

    async def story(candidates: Race) -> None:
        await asyncio.sleep(5)

    assert len(race(story)) == 1


def test_a_lease_that_cannot_be_had_is_told_once_for_each_cause() -> None:
    """Lease, cause and cure; once the cause is gone the candidate leads."""
    forbidden, missing = ForbiddenError("leases is forbidden"), NotFoundError('namespaces "default" not found')

    async def main() -> tuple[list[Any], list[str]]:
        diary: list[str] = []
        candidate = Candidate(Store(virtual_now), "a", diary)
        candidate.cluster.refusals = (missing, forbidden, missing)
        with capture_logs() as told:
            await asyncio.sleep(200)
        candidate.stop.set()
        await candidate.task
        return told, diary

    told, diary = run_virtual(main())

    assert [(line["lease"], line["cause"]) for line in told] == [
        ("default/lock", 'namespaces "default" not found'),
        ("default/lock", "leases is forbidden"),
    ]
    assert {line["log_level"] for line in told} == {"warning"}
    assert told[0]["cure"].startswith("create the namespace default, or name one")
    assert told[1]["cure"] == "allow get, create and patch of leases (coordination.k8s.io) in namespace default"
    assert [entry.partition(" at ")[0] for entry in diary] == ["a leads", "a rests"]
    assert 180 <= _when(diary[0]) <= 183


def _when(entry: str) -> float:
    return float(entry.rpartition(" ")[2])


def test_a_standby_says_who_leads_and_when_that_changes() -> None:
    """Now and then, not every two seconds."""
    told: list[MutableMapping[str, Any]] = []

    async def story(candidates: Race) -> None:
        with capture_logs() as lines:
            await asyncio.sleep(700)
            candidates.a.stop.set()
            await asyncio.sleep(10)
            late = Candidate(candidates.store, "c", candidates.diary)
            await asyncio.sleep(10)
        late.stop.set()
        await late.task
        told.extend(line for line in lines if line["event"] == "standing by")

    race(story)

    assert [line["leader"] for line in told] == ["a", "a", "b"]
    assert {line["lease"] for line in told} == {"default/lock"}
