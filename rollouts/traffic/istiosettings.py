"""What a rollout says of Istio: its VirtualServices, the routes in them, the DestinationRule. Called by istio*; pure.

host-level     canary and stable are two hosts, the Services    (no destinationRule)
subset-level   one host, two subsets of its DestinationRule     (Services are optional)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rollouts.model.objects import Ref
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.traffic.bodies import number

GROUP = "networking.istio.io"
VIRTUAL_SERVICE = "VirtualService"
DESTINATION_RULE = "DestinationRule"


Signature = tuple[int, frozenset[str]]
"""By what a route without a name is known: its port (0: none is given), and for TLS its SNI hosts."""


@dataclass(frozen=True, slots=True)
class Selected:
    """One VirtualService, and which of its routes the rollout weighs; none named in a section means the only one."""

    ref: Ref
    routes: tuple[str, ...] = ()
    tls: tuple[Signature, ...] = ()
    tcp: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True)
class Subsets:
    """The DestinationRule, and its subsets for the two versions; `others` are subsets that are left alone."""

    ref: Ref
    canary: str
    stable: str
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that the settings name. `waits`: without Services nothing else keeps traffic off unready pods."""

    services: tuple[Selected, ...]
    subsets: Subsets | None
    canary: str
    stable: str
    managed: tuple[str, ...] = ()
    waits: bool = False


def setup_of(rollout: Rollout, router: Router, version: str) -> Setup:
    """The settings, resolved against this rollout; `version` is that of Istio's API."""
    strategy = rollout.strategy if isinstance(rollout.strategy, Canary) else Canary()
    several = items(router.settings.get("virtualServices"))
    listed = several or [router.settings.get("virtualService")]
    return Setup(
        services=tuple(_selected(rollout, each, version) for each in map(mapping, listed) if text(each.get("name"))),
        subsets=_subsets(rollout, mapping(router.settings.get("destinationRule")), version),
        canary=rollout.services.canary,
        stable=rollout.services.stable,
        managed=strategy.managed_routes,
        waits=not strategy.canary_service and not strategy.stable_service,
    )


def is_ambiguous(router: Router) -> bool:
    """Whether both forms of naming VirtualServices are used, or none."""
    return bool(router.settings.get("virtualServices")) == bool(router.settings.get("virtualService"))


def _selected(rollout: Rollout, service: dict[str, Any], version: str) -> Selected:
    name, _, rest = text(service.get("name")).partition(".")
    namespace = rest.partition(".")[0] or rollout.namespace
    return Selected(
        ref=Ref(f"{GROUP}/{version}", VIRTUAL_SERVICE, namespace, name),
        routes=tuple(_strings(service.get("routes"))),
        tls=tuple(_signatures(service.get("tlsRoutes"))),
        tcp=tuple(_signatures(service.get("tcpRoutes"))),
    )


def _signatures(routes: Any) -> Iterator[Signature]:
    for route in map(mapping, items(routes)):
        yield number(route.get("port")) or 0, frozenset(_strings(route.get("sniHosts")))


def _subsets(rollout: Rollout, rule: dict[str, Any], version: str) -> Subsets | None:
    if not rule:
        return None
    return Subsets(
        ref=Ref(f"{GROUP}/{version}", DESTINATION_RULE, rollout.namespace, text(rule.get("name"))),
        canary=text(rule.get("canarySubsetName")),
        stable=text(rule.get("stableSubsetName")),
        others=frozenset(_strings(rule.get("additionalSubsetNames"))),
    )


def _strings(value: Any) -> Iterator[str]:
    return (each for each in items(value) if isinstance(each, str))
