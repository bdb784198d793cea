"""What is generated around a target and its copy, as its user wants it. Parsed by a dialect, rendered by workloads.

Names of keys that belong to a dialect are values here, so that nobody below it has to know whose they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rollouts.model.objects import Json, Ref
from rollouts.model.strategy import Pair, PodMetadata

Objects = Mapping[Ref, Json | None]
"""Live objects by address, None (or nothing) where one does not exist."""


@dataclass(frozen=True, slots=True)
class Front:
    """What the Services look like. `target_port` 0 is `port` itself.

    `discovers_ports`: the ports of the target's containers are served too. The three metadata go on everybody's
    Service and on those of either version; of what somebody else puts on them only `kept_labels` and
    `kept_annotations` stay.
    """

    port: int
    port_name: str = "http"
    target_port: int | str = 0
    app_protocol: str = ""
    discovers_ports: bool = False
    is_headless: bool = False
    distribution: str = ""
    everybodys: PodMetadata = field(default=PodMetadata(), hash=False)
    stable: PodMetadata = field(default=PodMetadata(), hash=False)
    canary: PodMetadata = field(default=PodMetadata(), hash=False)
    kept_labels: frozenset[str] = frozenset()
    kept_annotations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TwinScaler:
    """The user's autoscaler, and what its twin has otherwise: bounds (None: the same), queries by a trigger's name."""

    ref: Ref
    minimum: int | None = None
    maximum: int | None = None
    queries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keys:
    """Names by which a dialect marks objects.

    `sharing` is the annotation by which a user shares a config instead of having it copied, `edition` the pods' one
    that tells which promotion they are of, `off` the node label that keeps a DaemonSet off all nodes, `serving` the
    annotation of Knative's Service that names the revision that serves, `finalizer` what holds the rollout back.
    """

    sharing: str
    edition: str
    off: str
    serving: str
    finalizer: str


@dataclass(frozen=True, slots=True)
class Copying:
    """All that has to be known to generate and to keep what a pair of workloads needs.

    `owner` is the reference to the rollout, `manifest` its address. `suffix` makes the copy's name of a target's.
    `selector_labels` are tried in turn to tell the two apart; of an object's own labels those that begin with one of
    `label_prefixes` go on its copy (`*`: all). `has_revisions`: the target holds both versions itself. `is_literal`:
    where the ancestor loses something on the way, so do we.
    """

    pair: Pair
    target: Ref
    manifest: Ref
    owner: Json = field(hash=False)
    front: Front
    keys: Keys
    suffix: str
    scaler: TwinScaler | None = None
    selector_labels: tuple[str, ...] = ()
    label_prefixes: tuple[str, ...] = ()
    tracks_configs: bool = True
    has_revisions: bool = False
    is_literal: bool = False

    @property
    def copy(self) -> Ref:
        """The address of the target's copy."""
        return Ref(self.target.api_version, self.target.kind, self.target.namespace, self.pair.copy)

    def service(self, name: str) -> Ref:
        """The address of a Service beside them."""
        return Ref("v1", "Service", self.target.namespace, name)
