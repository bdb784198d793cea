"""A release under way on the embedded cluster, stopped at a moment: what the CLI's commands are tried on.

The controller has done all that is there, in virtual time; from then on the world stands still.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rollouts.cli.simulate_course import Course
from rollouts.cli.simulate_release import Release, release_of
from rollouts.cli.simulate_stage import Stage
from rollouts.cli.simulate_story import Story, parse_story
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Collection, Json, Page, Patch, PatchType, Query, Resource, Target, WatchEvent
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.store import Store
from rollouts.telemetry.logs import configure
from tests.builders.cli import Outcome, command

ROOT = Path(__file__).resolve().parents[2]
SHOP = "registry.example/shop"
KNOWN = tuple(
    (version, kind)
    for version, kinds in {
        "v1": ("Service", "ConfigMap"),
        "apps/v1": ("Deployment",),
        "argoproj.io/v1alpha1": ("Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate"),
        "gateway.networking.k8s.io/v1": ("HTTPRoute",),
    }.items()
    for kind in kinds
)


@dataclass
class Still:
    """A store that the CLI talks to as to a server. It is only read."""

    store: Store
    namespace: str = "default"
    now: datetime = field(default_factory=virtual_now)

    def get(self, target: Target) -> Json:
        """The object."""
        found = self.store.peek(target)
        if found is None:
            raise NotFoundError(f'{target.resource.plural}.{target.resource.group} "{target.name}" not found')
        return found

    def list(self, collection: Collection, query: Query = Query()) -> Page:
        """All in one page."""
        return Page(self.store.peek_all(collection, replace(query, limit=None)), self.store.version)

    def list_all(self, collection: Collection, query: Query = Query()) -> Iterator[Json]:
        """The same."""
        yield from self.list(collection, query).items

    def discover(self) -> tuple[Resource, ...]:
        """What the store serves."""
        return tuple(kind.resource for kind in self.store.definitions)

    def watch(self, collection: Collection, query: Query = Query()) -> Iterator[WatchEvent]:
        """Nothing ever happens."""
        raise NotFoundError(f"{collection.resource.plural}, {query}: nothing is watched here")

    def create(self, collection: Collection, body: Json) -> Json:
        """No command here writes."""
        raise AssertionError(f"{collection}: {body}")

    def patch(self, target: Target, patch: Patch) -> Json:
        """No command here writes."""
        raise AssertionError(f"{target}: {patch}")

    def replace(self, target: Target, body: Json) -> Json:
        """No command here writes."""
        raise AssertionError(f"{target}: {body}")

    def says(self, *words: str, after: timedelta = timedelta(), on_terminal: bool = False) -> Outcome:
        """A command, typed so long after the moment at which the world stopped."""
        return command(words, self, lambda: self.now + after, on_terminal=on_terminal)  # type: ignore[arg-type]  # FakeApi's elder sister


class _Stopped(Exception):  # noqa: N818  # no error: the play is over
    """Carries the moment."""

    def __init__(self, still: Still) -> None:
        super().__init__()
        self.still = still


class _Play(Stage):
    """Stops at a second after the release."""

    def __init__(self, story: Story, release: Release, seconds: float) -> None:
        super().__init__(story, release)
        self.limit = timedelta(seconds=seconds)

    async def _release(self) -> Course:
        await super()._release()
        raise _Stopped(Still(self._store))


def examples(*folders: str) -> list[Json]:
    """The objects of folders of examples/."""
    files = [file for folder in folders for file in sorted((ROOT / "examples" / folder).glob("*.yaml"))]
    return [obj for file in files for obj in yaml.safe_load_all(file.read_text())]


async def _nothing(_store: Store) -> None:
    """Nobody does anything more."""


def stopped(
    seconds: float,
    scenario: Json | None = None,
    objects: Sequence[Json] | None = None,
    change: Callable[[Json], Any] = lambda _rollout: None,
    then: Callable[[Store], Awaitable[Any]] = _nothing,
) -> Still:
    """The world so many seconds after the release of v2, or when the release ended before.

    `change` alters the Rollout before all; `then` happens at the end, when no controller runs any more.
    """
    configure(level="panic")
    found = list(objects) if objects is not None else examples("canary", "analysis")
    for obj in found:
        if obj["kind"] == "Rollout":
            change(obj)
    story = parse_story({"requestsPerSecond": 50, "release": {"image": f"{SHOP}:v2"}, **(scenario or {})})
    release = release_of(story, found, KNOWN)

    async def play() -> Still:
        try:
            await _Play(story, release, seconds).play()
        except _Stopped as end:
            await then(end.still.store)
            return end.still
        raise AssertionError("it never stops")

    return run_virtual(play())


def with_steps(*steps: Json) -> Callable[[Json], None]:
    """A change to a canary of these steps."""

    def change(rollout: Json) -> None:
        rollout["spec"]["strategy"]["canary"]["steps"] = list(steps)

    return change


def merging(body: Json, resource: Resource = ROLLOUTS, name: str = "shop") -> Callable[[Store], Awaitable[Any]]:
    """Somebody patches an object."""
    return lambda store: store.patch(Target(resource, name, "default"), Patch(PatchType.MERGE, body))


@cache
def in_analysis() -> Still:
    """The examples' canary in its first analysis, which goes well."""
    return stopped(35)


@cache
def aborted() -> Still:
    """The examples' canary after its first analysis has found it out."""
    return stopped(400, {"images": {f"{SHOP}:v2": {"errorRate": "20%"}}})


@cache
def paused() -> Still:
    """A canary that waits for a person at 20 %."""
    return stopped(35, change=with_steps({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}))
