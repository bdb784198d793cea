"""Every traffic provider by the name that manifests use. Called by the shell, by gitsync and by the shared tests.

`PROVIDERS` are those with Argo's default options; a controller makes its own from its flags.
"""

from collections.abc import Callable, Mapping

from rollouts.model.faults import Fault, Faults
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import BlueGreen, Router
from rollouts.traffic import gatewayapi
from rollouts.traffic.protocol import Options, Provider

Providers = Mapping[str, Provider]

MODULES: tuple[Callable[[Options], Provider], ...] = (gatewayapi.provider,)
"""One row a provider, in the order of the alphabet."""


def providers(options: Options) -> dict[str, Provider]:
    """Every provider, set up by these options, by its name."""
    return {made.name: made for made in (make(options) for make in MODULES)}


PROVIDERS: Providers = providers(Options())


def routers_of(rollout: Rollout) -> tuple[Router, ...]:
    """The routers of a rollout that have a provider; the others are Faults (`unknown_routers`)."""
    if isinstance(rollout.strategy, BlueGreen):
        return ()
    return tuple(router for router in rollout.strategy.routers if router.provider in PROVIDERS)


def unknown_routers(rollout: Rollout) -> Faults:
    """A Fault for each router that nobody here knows; it names those that are known."""
    if isinstance(rollout.strategy, BlueGreen):
        return ()
    known = ", ".join(sorted(PROVIDERS))
    return tuple(
        Fault(
            f"spec.strategy.trafficRouting.{router.provider}",
            f"no traffic provider of this name; known: {known}",
            "use one of the known providers",
        )
        for router in rollout.strategy.routers
        if router.provider not in PROVIDERS
    )
