"""All that a decision needs, seen at one moment. Made by controller/observe (or from files), read by decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollouts.model.effects import Effect
from rollouts.model.faults import Faults
from rollouts.model.questions import Answer, Question
from rollouts.model.rollout import Rollout
from rollouts.model.weights import Unknown, Weights
from rollouts.model.workload import Service, Stray, Version, Workload


@dataclass(frozen=True, slots=True)
class Analysis:
    """An AnalysisRun of the rollout. `phase` is empty before its first round."""

    name: str
    role: str
    phase: str
    message: str
    hash: str
    step: int | None
    created: datetime
    is_terminating: bool = False

    @property
    def is_done(self) -> bool:
        """No more measurements will come."""
        return self.phase in ("Successful", "Failed", "Error", "Inconclusive")


@dataclass(frozen=True, slots=True)
class TemplateSeen:
    """A version of a running experiment: the Service that leads to it ("": none), and its pods' hash."""

    name: str
    service: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentRun:
    """An Experiment of the rollout. `phase` is empty before its first round; `hash` is the new version's."""

    name: str
    phase: str
    message: str
    hash: str
    created: datetime
    is_terminating: bool = False
    templates: tuple[TemplateSeen, ...] = ()

    @property
    def is_done(self) -> bool:
        """It will come to no other end."""
        return self.phase in ("Successful", "Failed", "Error", "Inconclusive")


@dataclass(frozen=True, slots=True)
class Failure:
    """An effect of the last round that the API server refused. `existing` is the object that stood in the way."""

    effect: Effect
    reason: str  # AlreadyExists, NotFound, Forbidden, Invalid
    message: str
    is_ours: bool = False  # AlreadyExists: the object has our uid and an equal template


@dataclass(frozen=True, slots=True)
class Readiness:
    """Why a workload is not ready ("": it is), in its dialect's words; `is_final` when its deadline is spent."""

    message: str = ""
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What stands in the way of a ticking rollout, by what cannot be brought about ("": nothing does)."""

    services: str = ""
    copy: str = ""
    scaler: str = ""
    route: str = ""


@dataclass(frozen=True, slots=True)
class Twins:
    """The user's workload and its copy, None while one does not exist.

    `is_served` says that the Service that everybody calls leads to the copy. `drifted` are parts (effects.TENDED) that
    are missing or not as the manifest wants them. `least` is the smallest size that the
    target's autoscaler allows, 0 without one.
    """

    target: Version | None = None
    copy: Version | None = None
    obstacles: Obstacles = Obstacles()
    drifted: frozenset[str] = frozenset()
    least: int = 0
    target_readiness: Readiness = Readiness()
    copy_readiness: Readiness = Readiness()
    is_served: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether neither is waited for."""
        return not (self.target_readiness.message or self.copy_readiness.message)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The world of one rollout.

    `versions` are all held versions, experiments' excluded; `new` (the one of the target template: by hash, or by an
    equal template under an older hash) is a name into it. `endpoints` counts ready endpoints by Service and hash; a
    Service that is not in it has no EndpointSlice that could be seen. `moved_at` is when a route or a Service was
    written last, as far as this controller knows (its start, for what was before), and `drain` how long requests may
    follow the old word.
    `asks_verification` says that some router can tell, when asked, whether a written weight holds; `verify_every` is
    the pause before it is asked again. `orphans` match the rollout's selector and have no owner, `departed` are its own
    and match no longer.
    `workload` is what the rollout takes its template from: None where it has its own, or where that is not there.
    `reference_faults` are mistakes that only other objects show (a Service that is not there); `is_rivalled` says that
    one of them is another rollout which has what this one wants.
    """

    rollout: Rollout
    versions: tuple[Version, ...] = ()
    new: str | None = None
    services: Mapping[str, Service] = field(default_factory=dict)
    endpoints: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    moved_at: datetime | None = None
    drain: timedelta = timedelta()
    route: Weights | Unknown = Unknown("no route")
    asks_verification: bool = False
    verify_every: timedelta = timedelta(seconds=10)
    analyses: tuple[Analysis, ...] = ()
    experiments: tuple[ExperimentRun, ...] = ()
    twins: Twins = Twins()
    workload: Workload | None = None
    reference_faults: Faults = ()
    is_rivalled: bool = False
    answers: Mapping[Question, Answer] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    orphans: tuple[Stray, ...] = ()
    departed: tuple[Stray, ...] = ()
