"""Every provider of generated routes by the name that manifests use. Called by the shell and by the shared tests."""

from collections.abc import Callable, Mapping

from rollouts.traffic.owned import (
    apisix,
    appmesh,
    contour,
    gatewayapi,
    gloo,
    istio,
    knative,
    kuma,
    nginx,
    skipper,
    traefik,
    trafficsplit,
)
from rollouts.traffic.owned.protocol import Owned, OwnedOptions

MODULES: tuple[Callable[[OwnedOptions], Owned], ...] = (
    apisix.provider,
    appmesh.provider,
    appmesh.plain_provider,
    contour.provider,
    gatewayapi.v1,
    gatewayapi.v1beta1,
    gloo.provider,
    istio.provider,
    knative.provider,
    kuma.provider,
    nginx.provider,
    skipper.provider,
    traefik.provider,
    *trafficsplit.PROVIDERS,
)
"""One row a provider, in the order of the alphabet."""


def owned(options: OwnedOptions) -> dict[str, Owned]:
    """Every provider, set up by these options, by its name."""
    return {made.name: made for made in (make(options) for make in MODULES)}


def find(known: Mapping[str, Owned], name: str) -> Owned | None:
    """The provider of a name that may have a suffix (`smi:v1alpha2:linkerd`); None where nobody knows it."""
    while name not in known and ":" in name:
        name = name.rpartition(":")[0]
    return known.get(name)
