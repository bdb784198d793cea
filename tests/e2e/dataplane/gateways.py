"""The gateways under test, as an operator runs them, and the ways through them. Started by world.

Traefik keeps its default of two seconds between two configurations (providersThrottleDuration): what happens within is
taken in together. It is reached by an HTTPRoute and, under a host of its own, by an IngressRoute to a TraefikService.
Envoy takes what envoy.py makes of the same HTTPRoutes, at once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rollouts.cluster.port import Json

BIN = Path(sys.executable).parent
GATEWAY = "web"
PORT, ADMIN, ENVOY_PORT = 8000, 8001, 8002

MODULE = "sigs.k8s.io/gateway-api@v1.5.0"
"""The first Gateway API whose standard channel has all kinds that this Traefik insists on (TLSRoute)."""

TRAEFIK_MODULE = "github.com/traefik/traefik/v3@v3.7.13"
TRAEFIK_DEFINITIONS = "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"


@dataclass(frozen=True, slots=True)
class Way:
    """How users come to the rollout: a title for the table, the address, and what the host of a story begins with."""

    name: str
    title: str
    port: int
    prefix: str = ""

    @property
    def url(self) -> str:
        """Where the gateway listens."""
        return f"http://127.0.0.1:{self.port}/"

    def host(self, story: str) -> str:
        """What users call this story's rollout; another story's leftovers do not answer for it."""
        return f"{self.prefix}{story}.example"


ROUTE = Way("traefik", "Traefik, HTTPRoute", PORT)
SERVICE = Way("traefikservice", "Traefik, TraefikService", PORT, prefix="own.")
ENVOY = Way("envoy", "Envoy, HTTPRoute", ENVOY_PORT)
WAYS = (ROUTE, SERVICE, ENVOY)


def traefik(kubeconfig: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Traefik, fed by the Gateway API and by its own kinds."""
    flags = (
        *(f"--entryPoints.web.address=127.0.0.1:{PORT}", f"--entryPoints.traefik.address=127.0.0.1:{ADMIN}"),
        *("--providers.kubernetesGateway", "--providers.kubernetesCRD", "--log.level=INFO", "--log.noColor"),
        *("--global.checkNewVersion=false", "--global.sendAnonymousUsage=false"),
    )
    return _started([BIN / "traefik", *flags], log, {"KUBECONFIG": str(kubeconfig)})


def envoy(bootstrap: Json, log: Path) -> "subprocess.Popen[bytes]":
    """Envoy, fed by files."""
    flags = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "warning")
    return _started([BIN / "envoy", *flags, "--config-yaml", json.dumps(bootstrap)], log, {})


def _started(command: Sequence[str | Path], log: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    everything = {**os.environ, **environment}
    with log.open("ab") as stream:
        return subprocess.Popen(
            command, env=everything, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )


def objects() -> list[Json]:
    """The Gateway that routes name as their parent."""
    spec = {"controllerName": "traefik.io/gateway-controller"}
    api_version = "gateway.networking.k8s.io/v1"
    made = {"apiVersion": api_version, "kind": "GatewayClass", "metadata": {"name": "traefik"}, "spec": spec}
    listener = {"name": "web", "protocol": "HTTP", "port": PORT, "allowedRoutes": {"namespaces": {"from": "All"}}}
    own = {"gatewayClassName": "traefik", "listeners": [listener]}
    return [made, {"apiVersion": api_version, "kind": "Gateway", "metadata": {"name": GATEWAY}, "spec": own}]
