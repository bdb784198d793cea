"""Every traffic provider by the name that manifests use. Called by the shell, by gitsync and by the shared tests.

`PROVIDERS` are those with Argo's default options; a controller makes its own from its flags.
"""

from collections.abc import Callable, Iterable, Mapping

from rollouts.model.faults import Fault, Faults
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import BlueGreen, Router
from rollouts.traffic import alb, ambassador, apisix, appmesh, gatewayapi, istio, nginx, smi, traefik
from rollouts.traffic.plugins import Plugin
from rollouts.traffic.protocol import Options, Provider

Providers = Mapping[str, Provider]

MODULES: tuple[Callable[[Options], Provider], ...] = (
    alb.provider,
    ambassador.provider,
    apisix.provider,
    appmesh.provider,
    gatewayapi.provider,
    istio.provider,
    nginx.provider,
    smi.provider,
    traefik.provider,
)
"""One row a provider, in the order of the alphabet."""


def providers(options: Options, plugins: Iterable[str] = ()) -> dict[str, Provider]:
    """Every provider, set up by these options, by its name; plugins too, but for names that are taken."""
    own = {made.name: made for made in (make(options) for make in MODULES)}
    return {**{name: Plugin(name) for name in plugins}, **own}


UNKNOWN = "no traffic provider of this name"

PROVIDERS: Providers = providers(Options())


def routers_of(rollout: Rollout, known: Providers = PROVIDERS) -> tuple[Router, ...]:
    """The routers of a rollout that have a provider; the others are Faults (`unknown_routers`)."""
    return tuple(router for router in _named(rollout) if router.provider in known)


def unknown_routers(rollout: Rollout, known: Providers = PROVIDERS) -> Faults:
    """A Fault for each router that nobody here knows; it names those that are known."""
    names = ", ".join(sorted(known))
    return tuple(
        Fault(
            router.path or f"spec.strategy.canary.trafficRouting.{router.provider}",
            f"{UNKNOWN}; known: {names}",
            "use one of the known providers, or configure a plugin of this name",
        )
        for router in _named(rollout)
        if router.provider not in known
    )


def _named(rollout: Rollout) -> tuple[Router, ...]:
    return () if isinstance(rollout.strategy, BlueGreen) else rollout.strategy.routers
