"""The CLI's world without a server: objects in a list, writes written down, watches rung by the test."""

import copy
import io
import json
import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rollouts.cli.main import CLIENT, OWN, run
from rollouts.cli.session import Session
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Collection, Json, Page, Patch, PatchType, Query, Resource, Target, WatchEvent

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


@dataclass
class FakeApi:
    """An API server of a few objects. Labels select nothing; of fields it knows metadata.name."""

    objects: list[Json]
    namespace: str = "default"
    writes: list[Json] = field(default_factory=list)
    events: "queue.Queue[WatchEvent]" = field(default_factory=queue.Queue)
    watched: Resource = ROLLOUTS
    served: tuple[Resource, ...] = ()

    def get(self, target: Target) -> Json:
        """The object, or NotFoundError in the API's words."""
        for obj in self._of(Collection(target.resource, target.namespace)):
            if obj["metadata"]["name"] == target.name:
                return obj
        group = f"{target.resource.plural}.{target.resource.group}".rstrip(".")
        raise NotFoundError(f'{group} "{target.name}" not found')

    def list(self, collection: Collection, query: Query = Query()) -> Page:
        """All in one page."""
        name = query.fields.removeprefix("metadata.name=")
        found = [obj for obj in self._of(collection) if name in ("", obj["metadata"]["name"])]
        return Page(tuple(found), "1")

    def list_all(self, collection: Collection, query: Query = Query()) -> Iterator[Json]:
        """The same."""
        yield from self.list(collection, query).items

    def watch(self, collection: Collection, query: Query = Query()) -> Iterator[WatchEvent]:
        """What the test rings, of the kind that is watched in it; other kinds never change."""
        if collection.resource != self.watched:
            raise NotFoundError("not watched in this test")
        while True:
            yield self.events.get()

    def create(self, collection: Collection, body: Json) -> Json:
        """Write down the request, and keep the object under its name, or one made from generateName."""
        meta = body["metadata"]
        name = meta.get("name") or f"{meta['generateName']}x7k2p"
        stored = {**body, "metadata": {**meta, "name": name, "namespace": collection.namespace}}
        written = {"verb": "create", "resource": collection.resource.plural, "namespace": collection.namespace}
        self.writes.append({**written, "object": copy.deepcopy(body)})
        self.objects.append(stored)
        return stored

    def replace(self, target: Target, body: Json) -> Json:
        """Write down the request as the golden data tell it: of the object only its spec."""
        named = {"resource": target.resource.plural, "namespace": target.namespace, "name": target.name}
        self.writes.append({"verb": "update", **named, "object": {"spec": copy.deepcopy(body["spec"])}})
        return body

    def patch(self, target: Target, patch: Patch) -> Json:
        """Write down the request, then merge it."""
        self.writes.append(_written(target, patch))
        obj = self.get(target)
        if patch.type == PatchType.MERGE:
            _merge(obj, patch.body)
        return obj

    def discover(self) -> tuple[Resource, ...]:
        """The kinds beside those that everybody knows."""
        return self.served

    def _of(self, collection: Collection) -> Sequence[Json]:
        def is_there(obj: Json) -> bool:
            return collection.namespace in (None, obj["metadata"].get("namespace"))

        return [obj for obj in self.objects if obj["kind"] == collection.resource.kind and is_there(obj)]


def _written(target: Target, patch: Patch) -> Json:
    written = {
        "verb": "patch",
        "resource": target.resource.plural,
        "namespace": target.namespace,
        "name": target.name,
        "patchType": patch.type.value,
        "patch": copy.deepcopy(patch.body),
    }
    return {**written, "subresource": target.subresource} if target.subresource else written


def _merge(obj: Json, patch: Json) -> None:
    for key, value in patch.items():
        if isinstance(value, dict):
            _merge(obj.setdefault(key, {}), value)
        elif value is None:
            obj.pop(key, None)
        else:
            obj[key] = value


@dataclass(frozen=True)
class Outcome:
    """What a command line gave."""

    code: int
    stdout: str
    stderr: str


def command(
    words: Sequence[str],
    api: FakeApi,
    now: Callable[[], datetime] = lambda: NOW,
    *,
    on_terminal: bool = False,
    program: str = "sluice",
) -> Outcome:
    """Run a client's command line against the fake."""
    out, err = io.StringIO(), io.StringIO()

    def session(flags: Any) -> Session:
        return Session(flags, open=lambda _: api, now=now, is_terminal=lambda: on_terminal, rest=0.0, tick=0.01)

    with redirect_stdout(out), redirect_stderr(err):
        code = run(words, program=program, table=CLIENT, session=session)
    return Outcome(code, out.getvalue(), err.getvalue())


def local(*words: str) -> Outcome:
    """Run a command line of `sluice` that talks to no cluster."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(words, program="sluice", table={**CLIENT, **OWN})
    return Outcome(code, out.getvalue(), err.getvalue())


def lint_findings(*words: object) -> list[dict[str, Any]]:
    """What `sluice lint` finds in these places, as programs get it."""
    findings: list[dict[str, Any]] = json.loads(local("lint", "-o", "json", *map(str, words)).stdout)["findings"]
    return findings
