"""Dialects whose rollouts tick, by the kind of their manifests. Called by the shell, which knows none of them by name.

One row a kind: pure functions of the dialect's modules, and the kinds of what its manifests refer to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from analysis.requests import Http
from analysis.samples.source import Source
from rollouts.dialects.flagger import (
    alerts,
    beside,
    canary,
    commands,
    generated,
    revision,
    sources,
    status,
    twins,
    webhooks,
)
from rollouts.dialects.flagger.analysis import Templates, sources_of
from rollouts.dialects.flagger.generated import Flags
from rollouts.dialects.flagger.revision import Configs
from rollouts.model.alerts import Receiver
from rollouts.model.command import Command
from rollouts.model.copying import Copying
from rollouts.model.faults import Faults
from rollouts.model.objects import Json
from rollouts.model.plan import Event
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Obstacles, Twins
from rollouts.model.status import Status
from rollouts.model.strategy import Check, Gate

__all__ = ["TICKING", "Flags", "TickingDialect"]

Kind = tuple[str, str]
"""API version and kind."""


Parse = Callable[[Json, str, str, Mapping[str, str] | None, Templates | None], Rollout]
"""A manifest as the common model: with the hash of its target as it stands, the provider that counts where it names
none, hashes of the target's configuration, and templates (None: nobody has looked). UndecodableError where its very
shape is wrong."""


class SeeTwins(Protocol):
    """A target and its copy as a decision sees them."""

    def __call__(
        self,
        manifest: Json,
        rollout: Rollout,
        objects: Mapping[str, Json],
        now: datetime,
        *,
        obstacles: Obstacles,
        drifted: frozenset[str],
    ) -> Twins:
        """`objects` by name of workload, `service/<name>` and `scaler/<name>`."""
        ...


@dataclass(frozen=True, slots=True)
class TickingDialect:
    """What the shell asks of a dialect.

    `hash_of` is what a target is at this moment, `configs_of` what it is started with (with True: to the letter),
    `is_literal` whether a manifest wants that; `provider` is the one that counts where nobody says. `written` is what
    the annotation `command` says to give a command to the run that a manifest shows, with its target's hash.
    `sources_of` and `chats_of` name the templates and the providers of alerts of a manifest as `namespace/name`.
    """

    kind: Kind
    template: Kind
    chat: Kind
    parse: Parse
    project: Callable[[Status, str], Json]
    copying_of: Callable[[Json, Flags], Copying]
    hash_of: Callable[[Json], str]
    configs_of: Callable[[Json, Configs, bool], Mapping[str, str] | None]
    is_literal: Callable[[Json], bool]
    see_twins: SeeTwins
    metric_source_of: Callable[[Json, Check, Templates, str], Source]
    sources_of: Callable[[Json], tuple[str, ...]]
    chats_of: Callable[[Json], tuple[str, ...]]
    receivers_of: Callable[[Json, Mapping[str, Json]], tuple[Receiver, ...] | None]
    call_of: Callable[[Rollout, Gate, str], Http]
    listeners_of: Callable[[Rollout, str], tuple[Gate, ...]]
    event_call_of: Callable[[Rollout, Gate, Event, datetime], Http]
    template_faults: Callable[[Json], Faults]
    provider: str
    command: str
    written: Callable[[Command, Json, str], str]


def _canary_configs(target: Json, configs: Configs, strict: bool) -> Mapping[str, str] | None:
    return revision.tracked_of(target, configs, strict=strict)


_GROUP = "flagger.app/v1beta1"

TICKING: Mapping[Kind, TickingDialect] = {
    dialect.kind: dialect
    for dialect in (
        TickingDialect(
            kind=(_GROUP, "Canary"),
            template=(_GROUP, "MetricTemplate"),
            chat=(_GROUP, "AlertProvider"),
            parse=canary.parse,
            project=status.project,
            copying_of=generated.copying_of,
            hash_of=revision.revision_of,
            configs_of=_canary_configs,
            is_literal=canary.is_strict,
            see_twins=twins.twins_of,
            metric_source_of=sources.metric_source_of,
            sources_of=sources_of,
            chats_of=alerts.sources_of,
            receivers_of=alerts.receivers_of,
            call_of=webhooks.call_of,
            listeners_of=webhooks.listeners_of,
            event_call_of=webhooks.event_call_of,
            template_faults=beside.template_faults,
            provider=canary.DEFAULT_PROVIDER,
            command=commands.ANNOTATION,
            written=commands.written,
        ),
    )
}
