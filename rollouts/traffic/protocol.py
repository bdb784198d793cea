"""What every traffic provider can do: a few pure functions over Kubernetes objects.

Called by controller/observe (touches, read, faults, asks), controller/apply (render, clean), and gitsync (keep).
Properties that hold for each: read(render(w)) == w, managed routes included; rendering twice is rendering once; foreign
routes are untouched; clean restores what was there before the first render.

A provider's module has `provider(options) -> Provider`; its row in registry.MODULES makes it known.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from analysis.requests import Program
from rollouts.model.faults import Faults
from rollouts.model.objects import Change, Json, Ref, Selection
from rollouts.model.plan import Event
from rollouts.model.questions import Verified
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import ManagedRoute, Router
from rollouts.model.weights import Shares, Unknown, Weights
from rollouts.model.workload import Version

Objects = Mapping[Ref, Json | None]
"""The objects that `touches` named, None where one does not exist, and those that `selects` found."""

Kind = tuple[str, str]
"""API version and kind."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the controller's flags say about routers, with Argo's defaults (spec/argo-rollouts.md §2.21).

    `elb_endpoint` is another address of Elastic Load Balancing than the region's own (a VPC endpoint, say).
    """

    istio_version: str = "v1alpha3"
    ambassador_api_version: str = "getambassador.io/v2"
    traffic_split_version: str = "v1alpha1"
    traefik_group: str = "traefik.io"
    traefik_api_version: str = "traefik.io/v1alpha1"
    appmesh_version: str = "v1beta2"
    alb_tag: str = "ingress.k8s.aws/resource"
    target_group_binding_api_version: str = "elbv2.k8s.aws/v1beta1"
    verifies_target_groups: bool = False
    elb_endpoint: str = ""


class Part(Enum):
    """A part of what is desired, as upstream's routers have an operation for each; in the order of a round."""

    HASHES = "hashes"
    MANAGED = "managed"
    WEIGHTS = "weights"


ALL_PARTS = frozenset(Part)


@dataclass(frozen=True, slots=True)
class Desired:
    """What a provider has to bring about: the split, and just these managed routes, the first of which wins.

    `shares` carry Services, hashes and weights, those of experiments too (`extra`); `versions` are the held versions,
    for routers that lead to a version only once it is available. A round wants all `parts`, and no other managed route
    but `managed`. The golden runner plays single operations: then the other parts stay as they are, and so do the
    managed routes that `keeps` names.
    """

    shares: Shares
    managed: tuple[ManagedRoute, ...] = ()
    versions: tuple[Version, ...] = ()
    parts: frozenset[Part] = ALL_PARTS
    keeps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """Something that a plugin is to be told. `took` is called with it once the plugin has taken it.

    `who` is the rollout by its uid, and its router; `weights` are what the plugin then carries.
    """

    request: Program
    who: tuple[str, str]
    weights: Weights
    took: Callable[["Call"], None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The changes that bring it about (none: already so), with the events that tell of them.

    `error` is what stands in the way, in upstream's words: the changes and events before it are carried out, then the
    round ends with it and is tried again. `calls` follow the changes.
    """

    changes: tuple[Change, ...] = ()
    events: tuple[Event, ...] = ()
    error: str = ""
    calls: tuple[Call, ...] = ()


Flow = Generator[Any, Any, Verified]
"""A verification: yields requests to the world, is sent their answers, returns the verdict."""


class Provider(Protocol):
    """One module of rollouts/traffic, seen as a value."""

    @property
    def name(self) -> str:
        """The key under `trafficRouting` (or of its `plugins`)."""
        ...

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of all that it touches: they are watched from when the server serves them."""
        ...

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The objects that it reads and writes for this rollout, those of its own making included."""
        ...

    def selects(self, rollout: Rollout, router: Router) -> tuple[Selection, ...]:
        """More such objects, by their labels."""
        ...

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """What is wrong with the settings or with the objects they name."""
        ...

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that the objects carry now."""
        ...

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Changes towards `desired`."""
        ...

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """Changes that take back everything the provider put in: all traffic to stable, no marks, no own routes."""
        ...

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """`desired_object` (from Git) with the live values of the fields that the rollout leases.

        Fields are found by backend name, never by index. The result is what the sync loop applies.
        """
        ...

    def sweep(self, obj: Json, is_there: Callable[[str, str], bool]) -> Rendered:
        """Changes that take out of an object of its kinds what rollouts have left that are not there any more.

        `is_there` is told namespace and name. What Kubernetes removes with its owner needs no sweeping.
        """
        ...

    def asks(self, rollout: Rollout, router: Router, objects: Objects) -> bool:
        """Whether somebody can tell, when asked, if a written weight holds: then steps wait for the answer."""
        ...

    def verify(self, rollout: Rollout, router: Router, objects: Objects, shares: Shares) -> Flow:
        """Whether the routes carry these shares; a flow without requests for providers whose objects tell."""
        ...


class Silent:
    """What most providers have in common: they name all their objects, and nobody tells what became of a weight."""

    def selects(self, _rollout: Rollout, _router: Router) -> tuple[Selection, ...]:
        """All objects are known by name."""
        return ()

    def sweep(self, _obj: Json, _is_there: Callable[[str, str], bool]) -> Rendered:
        """What is left is owned, and goes with its rollout."""
        return Rendered()

    def asks(self, _rollout: Rollout, _router: Router, _objects: Objects) -> bool:
        """No gateway reports what it makes of a weight."""
        return False

    def verify(self, _rollout: Rollout, _router: Router, _objects: Objects, _shares: Shares) -> Flow:
        """Nobody can tell."""
        yield from ()
        return Verified(None)
