"""What providers differ in, as data: names, aliases, what each can do. Called by canary and faults.

How a provider's objects look is the business of rollouts/traffic; which counters it has, of analysis/builtin.
"""

from collections.abc import Mapping
from typing import Any

from analysis.builtin import Target
from rollouts.model.reading import mapping, text
from rollouts.model.strategy import Pair

KUBERNETES, KNATIVE, ISTIO = "kubernetes", "knative", "istio"
KNOWN = (
    "apisix",
    "appmesh",
    "appmesh:v1beta2",
    "contour",
    "gatewayapi:v1",
    "gatewayapi:v1beta1",
    "gloo",
    ISTIO,
    KNATIVE,
    KUBERNETES,
    "kuma",
    "linkerd",
    "nginx",
    "osm",
    "skipper",
    "smi:v1alpha1",
    "smi:v1alpha2",
    "smi:v1alpha3",
    "traefik",
)
REFERENCES = {"nginx": "ingressRef", "skipper": "ingressRef", "apisix": "routeRef"}
"""Field of the manifest that names the object beside which the route is written."""


def is_known(provider: str) -> bool:
    """A provider, perhaps with a suffix that the operator's flag may have: `gloo:x`, `smi:v1alpha2:linkerd`."""
    return provider in KNOWN or any(provider.startswith(f"{known}:") for known in KNOWN)


def is_gateway(provider: str) -> bool:
    """The Gateway API: a route needs its Gateway."""
    return provider.startswith("gatewayapi:")


def can_mirror(provider: str) -> bool:
    """Whether requests can be copied, and the route says so afterwards: a tick of it then comes to an end."""
    return provider.partition(":")[0] == ISTIO or is_gateway(provider)


def about(spec: Mapping[str, Any], namespace: str, pair: Pair) -> Target:
    """What the built-in queries of this Canary ask for."""
    ingress, route = (text(mapping(spec.get(field)).get("name")) for field in ("ingressRef", "routeRef"))
    return Target(namespace, pair.target, pair.service, ingress or pair.target, route or pair.target)
