"""How a rollout wants its new version to arrive. Both dialects parse into these values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

from rollouts.model.edges import NO_EDGES, Edges
from rollouts.model.owned import OwnedRoute


@dataclass(frozen=True, slots=True)
class Quota:
    """An int-or-percent: `value` pods, or `value` percent of the replicas."""

    value: int
    is_percent: bool = False

    def of(self, replicas: int, *, round_up: bool) -> int:
        """Pods for this many replicas; Kubernetes rounds surge up and unavailability down."""
        if not self.is_percent:
            return self.value
        return -(-replicas * self.value // 100) if round_up else replicas * self.value // 100


@dataclass(frozen=True, slots=True)
class AnalysisRef:
    """Templates to run as one analysis. `args` hold (name, literal value | ValueFrom); see dialects/argo/analysis."""

    templates: tuple["TemplateRef", ...]
    args: tuple["ArgValue", ...] = ()
    dry_run: tuple[Mapping[str, Any], ...] = ()
    retention: tuple[Mapping[str, Any], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    starting_step: int = 0


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """Name of an AnalysisTemplate in the rollout's namespace, or of a ClusterAnalysisTemplate."""

    name: str
    cluster_scope: bool = False


@dataclass(frozen=True, slots=True)
class ArgValue:
    """An argument of an analysis: exactly one of the three sources is set."""

    name: str
    value: str | None = None
    pod_hash_of: str | None = None  # "Stable" | "Latest"
    field_path: str | None = None


@dataclass(frozen=True, slots=True)
class SetWeight:
    """Give the canary this weight (percent, or parts of the maximum weight)."""

    weight: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait `duration`, or for a human when it is None. `written` is the duration as the user wrote it."""

    duration: timedelta | None = None
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Analyse:
    """Run an analysis to its end before the next step."""

    analysis: AnalysisRef


@dataclass(frozen=True, slots=True)
class SetCanaryScale:
    """Fix the canary's size apart from its weight; exactly one field is set. Needs traffic routing."""

    weight: int | None = None
    replicas: int | None = None
    match_traffic_weight: bool = False


@dataclass(frozen=True, slots=True)
class StringMatch:
    """How a string must look: exactly one of the three is set."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A request header and what its value must look like."""

    name: str
    value: StringMatch


@dataclass(frozen=True, slots=True)
class SetHeaderRoute:
    """Requests with these headers go to the canary, by the managed route `name`; no match takes the route away."""

    name: str
    match: tuple[HeaderMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestMatch:
    """A request as a mirror route sees it; what is None matches everything."""

    method: StringMatch | None = None
    path: StringMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class SetMirrorRoute:
    """`percentage` of such requests go to the canary as well, by the managed route `name`; no match takes it away."""

    name: str
    match: tuple[RequestMatch, ...] = ()
    percentage: int | None = None


@dataclass(frozen=True, slots=True)
class RunPlugin:
    """Run a step plugin to its end; `config` is what the user gave it, free JSON."""

    name: str
    config: Any = None


@dataclass(frozen=True, slots=True)
class ExperimentTemplate:
    """One version of an experiment: the pods of the stable or the canary version (`spec_ref`), and its part of it."""

    name: str
    spec_ref: str
    replicas: int | None = None
    weight: int | None = None
    service: str | None = None  # "" : a Service under the ReplicaSet's own name; None: no Service
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    selector: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ExperimentAnalysis:
    """An analysis of an experiment, by a template of `ref`; the experiment waits for those that are required."""

    name: str
    ref: AnalysisRef
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Experiment:
    """Run versions side by side for a while. `duration` is as the user wrote it, "" for no end of its own."""

    templates: tuple[ExperimentTemplate, ...]
    duration: str = ""
    analyses: tuple[ExperimentAnalysis, ...] = ()
    dry_run: tuple[Mapping[str, Any], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    scale_down_delay: timedelta | None = None


ManagedRoute = SetHeaderRoute | SetMirrorRoute
"""A route beside the weighted one that a step asked for; managedRoutes gives the order of their names."""

CanaryStep = SetWeight | Pause | Analyse | SetCanaryScale | SetHeaderRoute | SetMirrorRoute | RunPlugin | Experiment


@dataclass(frozen=True, slots=True)
class PodMetadata:
    """Labels and annotations that pods carry only while they play a role (canary, stable, active, preview)."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AntiAffinity:
    """New pods keep off the nodes of stable ones: always, or where it can be had, with this weight (1-100)."""

    weight: int | None = None

    @property
    def is_required(self) -> bool:
        """Rather no pod than one beside a stable pod."""
        return self.weight is None


@dataclass(frozen=True, slots=True)
class PingPong:
    """Two Services that swap the stable and the canary role with each rollout."""

    ping: str
    pong: str


@dataclass(frozen=True, slots=True)
class Router:
    """One configured traffic provider: its registry name (`gatewayAPI`) and its settings as the user wrote them.

    `path` is where they stand in the manifest.
    """

    provider: str
    settings: Mapping[str, Any]
    path: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Canary:
    """Traffic moves in steps; without steps it is a rolling update.

    `abort_scale_down_delay` None means the default (30 s); zero means that the canary is kept after an abort.
    `progress_threshold` lets a step pass before every canary pod is available (None: all of them). `dynamic_stable`
    shrinks the stable version as the canary grows; `min_pods` is the floor of a routed version that has any pod;
    `managed_routes` are names of header and mirror routes, the first one wins. With `ping_pong` the two Services
    follow roles that swap (see status.canary.stable_side), and `stable_service` and `canary_service` are not used.
    `is_max_weight_given`: the manifest says it, if only to say 100, and ingress-nginx is told.
    """

    steps: tuple[CanaryStep, ...] = ()
    stable_service: str = ""
    canary_service: str = ""
    routers: tuple[Router, ...] = ()
    max_weight: int = 100
    is_max_weight_given: bool = False
    max_surge: Quota = Quota(25, is_percent=True)
    max_unavailable: Quota = Quota(25, is_percent=True)
    progress_threshold: Quota | None = None
    background: AnalysisRef | None = None
    scale_down_delay: timedelta = timedelta(seconds=30)
    scale_down_delay_revisions: int | None = None
    abort_scale_down_delay: timedelta | None = None
    dynamic_stable: bool = False
    ping_pong: PingPong | None = None
    min_pods: int | None = None
    managed_routes: tuple[str, ...] = ()
    anti_affinity: AntiAffinity | None = None
    canary_metadata: PodMetadata | None = None
    stable_metadata: PodMetadata | None = None

    @property
    def is_routed(self) -> bool:
        """Whether weights are set on routes; otherwise they are approximated by counts of pods."""
        return bool(self.routers)


@dataclass(frozen=True, slots=True)
class BlueGreen:
    """All traffic switches at once, by the selector of the active Service."""

    active_service: str
    preview_service: str = ""
    preview_replicas: int | None = None
    auto_promotion: bool = True
    auto_promotion_after: timedelta | None = None
    scale_down_delay: timedelta = timedelta(seconds=30)
    scale_down_delay_revisions: int | None = None
    abort_scale_down_delay: timedelta | None = None
    pre_promotion: AnalysisRef | None = None
    post_promotion: AnalysisRef | None = None
    max_unavailable: Quota = Quota(25, is_percent=True)
    anti_affinity: AntiAffinity | None = None
    preview_metadata: PodMetadata | None = None
    active_metadata: PodMetadata | None = None


class Pace(Enum):
    """What makes a rollout move: anything that happens, or the beat of a clock."""

    EVENTS = "events"
    TICKS = "ticks"


class Holding(Enum):
    """How two versions live side by side: a ReplicaSet each, or the target beside a generated primary copy."""

    REPLICA_SETS = "replica sets"
    PRIMARY_COPY = "primary copy"


class Unit(Enum):
    """What a check measures; it decides how values are compared and shown."""

    PLAIN = "plain"
    PERCENT = "percent"
    MILLISECONDS = "milliseconds"


@dataclass(frozen=True, slots=True)
class Check:
    """A metric question of a ticking rollout: passes when the answer lies in [low, high].

    Bounds are in `unit`, answers times `scale` are too. `label` is what a halt calls it, `no_values` the event of an
    empty answer, `broken` what stands before an error.
    `source` names the template that says whom to ask ("": nobody else than usual), for `interval` as users write it.
    `window` is how far back the answer looks. `fault` is the event of a check that cannot be made at all ("": it can):
    it fails.
    """

    name: str
    query: str
    low: float | None = None
    high: float | None = None
    unit: Unit = Unit.PLAIN
    scale: float = 1.0
    label: str = ""
    no_values: str = ""
    broken: str = ""
    source: str = ""
    interval: str = ""
    window: timedelta = timedelta()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """A webhook that must agree. `moment` is one of the gate moments of model/gates.py.

    `is_insecure`: any certificate is good. `fault` says why it cannot be asked at all ("": it can).
    """

    name: str
    url: str
    moment: str
    timeout: timedelta = timedelta(seconds=10)
    retries: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    is_muted: bool = False
    is_insecure: bool = False
    fault: str = ""

    @property
    def asked_as(self) -> tuple[str, str, str]:
        """What it is known by when it is asked; several may be known by the same."""
        return self.name, self.url, self.moment


@dataclass(frozen=True, slots=True)
class Pair:
    """Names of a user's workload and its generated copy, and of the Services: everybody's, the copy's, the target's.

    `is_sized`: it has pods of its own to start and to stop. `scaler` names the user's autoscaler of it ("": none).
    """

    target: str
    copy: str
    service: str
    stable_service: str
    canary_service: str
    kind: str = "Deployment"
    is_sized: bool = True
    scaler: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What the users of a dialect call the two versions and a round of checks. Events speak in them."""

    stable: str = "stable"
    new: str = "canary"
    round: str = "round"


@dataclass(frozen=True, slots=True)
class Climb:
    """The new version's way to all traffic: by `step` until `end` is reached or passed, or else by these `weights`.

    `jumps`: from a weight that is none of them, everything comes at once; otherwise the next higher one does.
    """

    step: int = 0
    end: int = 100
    weights: tuple[int, ...] = ()
    jumps: bool = False

    @property
    def is_empty(self) -> bool:
        """There is no such way."""
        return not self.step and not self.weights

    def after(self, weight: int) -> int | None:
        """The weight that follows this one, None at the top. Never above 100."""
        if not self.step and self.jumps and weight:
            return self._beyond(weight)
        if not self.step:
            return next((higher for higher in self.weights if higher > weight), None)
        return min(weight + self.step, 100) if weight < min(self.end, 100) else None

    def _beyond(self, weight: int) -> int | None:
        if weight >= self.weights[-1]:
            return None
        return self.weights[self.weights.index(weight) + 1] if weight in self.weights else 100


@dataclass(frozen=True, slots=True)
class Progressive:
    """A ticking strategy: every tick asks its checks; weights or rounds advance while they pass.

    `climb` gives the new version's weights; where it is empty, `rounds` ticks must pass before all traffic switches at
    once (nothing switches without `routers`). `is_matched`: in each round chosen requests go to the new version, and
    nobody else's ever. `mirrors`: it gets copies of requests first, in one tick before the weights, or in every round.
    `cookie` keeps users on the new version, `copy_cookie` on the copy ("": nothing does). `facts` go with alerts.
    `edges`: see model/edges. `failure_budget` failed ticks end the run. `promotion_step`
    None moves all traffic back to the copy at once. `probe` asks whether metrics can be had, `notices` are told
    whenever the run advances. `route` is what carries the weights, where we own it.
    """

    interval: timedelta
    pair: Pair
    climb: Climb = Climb()
    rounds: int = 0
    failure_budget: int = 1
    promotion_step: int | None = None
    checks: tuple[Check, ...] = ()
    gates: tuple[Gate, ...] = ()
    routers: tuple[Router, ...] = ()
    probe: str = ""
    notices: tuple[str, ...] = ()
    words: Words = Words()
    skip_analysis: bool = False
    is_matched: bool = False
    mirrors: bool = False
    cookie: str = ""
    copy_cookie: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    edges: Edges = NO_EDGES
    route: OwnedRoute | None = None

    @property
    def moves_traffic(self) -> bool:
        """Whether weights are set on routes; otherwise the Services never change sides."""
        return bool(self.routers)


Strategy = Canary | BlueGreen | Progressive
