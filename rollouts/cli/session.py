"""What a command works with: the API server that the flags name, a clock, a terminal. Made by main, used by commands.

The connection is opened on first use, through cluster/plain.py: no event loop, no HTTP library.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from rollouts.cli.ages import in_seconds
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Collection, Json, Page, Patch, Query, Resource, Target, WatchEvent
from rollouts.controller.clock import Clock, wall_clock
from rollouts.model.errors import RolloutsError

if TYPE_CHECKING:
    from rollouts.cluster.login import Overrides

PATIENCE = 30.0
"""Seconds to wait for an answer, unless the user says otherwise."""


class CommandError(RolloutsError):
    """A command that cannot do what it was asked; the message is the line that the user sees."""


class Api(Protocol):
    """The part of cluster/plain.py that commands use."""

    @property
    def namespace(self) -> str:
        """The context's namespace."""
        ...

    def get(self, target: Target) -> Json:
        """The object."""
        ...

    def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One page of the collection."""
        ...

    def list_all(self, collection: Collection, query: Query = Query()) -> Iterator[Json]:
        """Every object of the collection."""
        ...

    def watch(self, collection: Collection, query: Query = Query()) -> Iterator[WatchEvent]:
        """Changes, until the server ends the stream."""
        ...

    def create(self, collection: Collection, body: Json) -> Json:
        """The object as stored."""
        ...

    def patch(self, target: Target, patch: Patch) -> Json:
        """The object after the patch."""
        ...

    def replace(self, target: Target, body: Json) -> Json:
        """The object as stored; the body's resourceVersion must be the current one."""
        ...

    def discover(self) -> tuple[Resource, ...]:
        """Every resource that the server serves."""
        ...


def connect(flags: Mapping[str, str]) -> Api:
    """The API server of kubectl's persistent flags (names without dashes)."""
    from rollouts.cluster import plain

    return plain.connect(
        kubeconfig_path=flags.get("kubeconfig"),
        context=flags.get("context"),
        overrides=_overrides(flags),
        timeout=_timeout(flags.get("request-timeout", "0")),
    )


def _overrides(flags: Mapping[str, str]) -> "Overrides":
    from rollouts.cluster.login import Overrides

    return Overrides(
        server=flags.get("server", ""),
        token=flags.get("token", ""),
        authority=flags.get("certificate-authority", ""),
        certificate=flags.get("client-certificate", ""),
        key=flags.get("client-key", ""),
        trusts_any_server=flags.get("insecure-skip-tls-verify", "").lower() in ("true", "t", "1"),
        acts_as=flags.get("as", ""),
        acts_as_group=flags.get("as-group", ""),
        acts_as_uid=flags.get("as-uid", ""),
        username=flags.get("username", ""),
        password=flags.get("password", ""),
        cluster=flags.get("cluster", ""),
        user=flags.get("user", ""),
        server_name=flags.get("tls-server-name", ""),
    )


def _timeout(text: str) -> float:
    span = in_seconds(text)
    if span is None:
        raise CommandError(f'invalid argument "{text}" for "--request-timeout" flag: write it as 5s or 2m')
    return span.total_seconds() or PATIENCE


def _is_terminal() -> bool:
    """Can we draw there? A dumb terminal is like a file."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def missing(resource: Resource, name: str) -> NotFoundError:
    """As Argo's views say it: `rollout.argoproj.io "web" not found`."""
    return NotFoundError(f'{resource.kind.lower()}.{resource.group} "{name}" not found')


@dataclass
class Session:
    """One run of the CLI. `rest` is the least time between two redraws, `tick` the most, in seconds."""

    flags: Mapping[str, str] = field(default_factory=dict)
    open: Callable[[Mapping[str, str]], Api] = connect
    now: Clock = wall_clock
    is_terminal: Callable[[], bool] = _is_terminal
    rest: float = 0.2
    tick: float = 1.0

    @property
    def is_colourful(self) -> bool:
        """May output be coloured? On a terminal, unless the user set NO_COLOR."""
        return self.is_terminal() and not os.environ.get("NO_COLOR")

    @cached_property
    def api(self) -> Api:
        """The connection of the main thread; a thread opens its own with `open(flags)`."""
        return self.open(self.flags)

    @cached_property
    def namespace(self) -> str:
        """The namespace to work in."""
        return self.flags.get("namespace") or self.api.namespace or "default"

    def target(self, resource: Resource, name: str, subresource: str = "") -> Target:
        """An object of that namespace."""
        return Target(resource, name, self.namespace, subresource)

    def collection(self, resource: Resource) -> Collection:
        """The objects of that namespace."""
        return Collection(resource, self.namespace)

    def rollout(self, name: str) -> Json:
        """The Rollout of that name."""
        return self.api.get(self.target(ROLLOUTS, name))

    def look(self, resource: Resource, name: str) -> Json:
        """The object of that name, for a view: where it is missing, Argo's views name the kind and not the API."""
        try:
            return self.api.get(self.target(resource, name))
        except NotFoundError as error:
            if f'"{name}" not found' not in str(error):
                raise
            raise missing(resource, name) from error

    def all_of(self, resource: Resource, labels: str = "") -> tuple[dict[str, Any], ...]:
        """Every object of a kind in the namespace; none where the kind is not served."""
        try:
            return tuple(self.api.list_all(self.collection(resource), Query(labels=labels)))
        except NotFoundError:
            return ()
