"""An Experiment by itself: what it is to run, how far it came, what is done for it. Values, parsed by the dialect,
decided about by decide/experiment, carried out by controller/kinds/experiment.

What a rollout sees of the Experiment that its step has started is an ExperimentRun (model/snapshot.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from analysis.model import Phase
from rollouts.model.faults import Faults
from rollouts.model.plan import Event
from rollouts.model.snapshot import Analysis
from rollouts.model.status import Condition
from rollouts.model.workload import Version


class TemplatePhase(StrEnum):
    """Where a version of an experiment stands. UNSET: before its first round."""

    UNSET = ""
    PROGRESSING = "Progressing"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    ERROR = "Error"

    @property
    def is_done(self) -> bool:
        """It comes to no other end, and its pods go."""
        return self in (TemplatePhase.SUCCESSFUL, TemplatePhase.FAILED, TemplatePhase.ERROR)

    @property
    def is_bad(self) -> bool:
        """Done, and the whole experiment with it."""
        return self in (TemplatePhase.FAILED, TemplatePhase.ERROR)


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A version of the experiment. `service` "": a Service under the ReplicaSet's own name; None: no Service.

    Without a port of a container (`has_ports`) there is nothing that a Service could lead to.
    """

    name: str
    replicas: int = 1
    service: str | None = None
    has_ports: bool = False


@dataclass(frozen=True, slots=True)
class AnalysisSpec:
    """An analysis beside the versions; the experiment ends once all that are required have succeeded."""

    name: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class ExperimentSpec:
    """What the user wants. `duration` counts from the moment at which all versions are available; None: no end."""

    name: str
    templates: tuple[TemplateSpec, ...]
    analyses: tuple[AnalysisSpec, ...] = ()
    duration: timedelta | None = None
    progress_deadline: timedelta = timedelta(seconds=600)
    scale_down_delay: timedelta = timedelta(seconds=30)
    is_terminated: bool = False
    faults: Faults = ()


@dataclass(frozen=True, slots=True)
class TemplateStatus:
    """How far one version came. `transitioned` is its last progress; `service` and `hash` come with its Service."""

    name: str
    phase: TemplatePhase = TemplatePhase.UNSET
    message: str = ""
    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    collisions: int | None = None
    transitioned: datetime | None = None
    service: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far one analysis came; `run` is the name of its AnalysisRun, "" before there is one."""

    name: str
    run: str = ""
    phase: Phase = Phase.UNSET
    message: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentStatus:
    """The state of an experiment between two rounds."""

    phase: Phase = Phase.UNSET
    message: str = ""
    available_at: datetime | None = None
    templates: tuple[TemplateStatus, ...] = ()
    runs: tuple[RunStatus, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def template(self, name: str) -> TemplateStatus:
        """How far this version came."""
        return next((template for template in self.templates if template.name == name), TemplateStatus(name))

    def run(self, name: str) -> RunStatus:
        """How far this analysis came."""
        return next((run for run in self.runs if run.name == name), RunStatus(name))


@dataclass(frozen=True, slots=True)
class CreateTemplate:
    """Create the ReplicaSet of a version, without pods."""

    template: str
    name: str


@dataclass(frozen=True, slots=True)
class ScaleTemplate:
    """Bring a version's ReplicaSet from one size to another; `drops_delay`: its deadline of before goes as well."""

    template: str
    name: str
    former: int
    replicas: int
    drops_delay: bool = False


@dataclass(frozen=True, slots=True)
class DelayTemplate:
    """Let the pods of a version stay until then."""

    template: str
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class CreateService:
    """Create the Service that leads to a version."""

    template: str
    name: str


@dataclass(frozen=True, slots=True)
class DeleteService:
    """Remove the Service of a version that is gone."""

    template: str
    name: str


@dataclass(frozen=True, slots=True)
class StartRun:
    """Create the AnalysisRun of an analysis."""

    analysis: str
    name: str


@dataclass(frozen=True, slots=True)
class EndRun:
    """Ask an AnalysisRun to end."""

    analysis: str
    name: str


ExperimentEffect = CreateTemplate | ScaleTemplate | DelayTemplate | CreateService | DeleteService | StartRun | EndRun


@dataclass(frozen=True, slots=True)
class ExperimentFailure:
    """An effect of the last round that the API server refused, or that could not be rendered."""

    effect: ExperimentEffect
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ExperimentSnapshot:
    """The world of one experiment. `versions` and `services` are those that it owns, by template; `runs` its own.

    `missing` says by analysis which template of it is not there, in Kubernetes' words.
    """

    spec: ExperimentSpec
    status: ExperimentStatus = ExperimentStatus()
    versions: Mapping[str, Version] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[Analysis, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[ExperimentFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """One round. `shared` are those of the events that the rollout whose step this is hears as well."""

    status: ExperimentStatus
    effects: tuple[ExperimentEffect, ...] = ()
    events: tuple[Event, ...] = ()
    shared: tuple[Event, ...] = ()
    wake_at: datetime | None = None
