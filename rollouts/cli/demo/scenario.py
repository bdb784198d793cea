"""What the demo's three versions do, and the repository that deploys them: examples/, tuned to a demo's patience."""

from collections.abc import Mapping
from dataclasses import dataclass

from rollouts.cli.shipped import shipped

NAMESPACE = "shop"
IMAGE = "registry.example/shop"

_SCENARIO = """\
requestsPerSecond: 200
tick: 250ms
images:
  registry.example/shop:v1: {errorRate: 0.1%, latency: {median: 40ms, p99: 150ms}, readyAfter: 1s}
  registry.example/shop:v2: {errorRate: 0.1%, latency: {median: 35ms, p99: 120ms}, readyAfter: 1s}
  registry.example/shop:v3: {errorRate: 5%, latency: {median: 200ms, p99: 1200ms}, readyAfter: 1s}
"""

_KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [{resources}]
images:
  - {{name: registry.example/shop, newTag: {tag}}}
"""

_ROLLOUT_PATCHES = """\
patches: # a demo has no patience: measure every second, over a few seconds, three times
  - target: {kind: ClusterAnalysisTemplate}
    patch: |-
      - {op: replace, path: /spec/metrics/0/interval, value: 1s}
      - {op: replace, path: /spec/metrics/0/initialDelay, value: 2s}
      - {op: replace, path: /spec/args/2/value, value: 3s}
      - {op: replace, path: /spec/args/3/value, value: "3"}
"""

_CANARY_PATCHES = """\
patches: # a demo has no patience: tick every other second, and measure over as long
  - target: {kind: Canary}
    patch: |-
      - {op: replace, path: /spec/analysis/interval, value: 2s}
      - {op: replace, path: /spec/analysis/metrics/0/interval, value: 2s}
      - {op: replace, path: /spec/analysis/metrics/1/interval, value: 2s}
  - target: {kind: MetricTemplate}
    patch: |-
      - {op: replace, path: /spec/provider/address, value: $PROMETHEUS}
"""


@dataclass(frozen=True, slots=True)
class Flavour:
    """Whose manifests the repository holds; what a person types to see what they make.

    `kind` is that of what delivers, `weights` are those that a good version passes through.
    """

    files: tuple[str, ...]
    patches: str
    kind: str
    weights: tuple[int, ...]
    listed: str


FLAVOURS: Mapping[str, Flavour] = {
    "argo": Flavour(
        files=(
            "canary/rollout.yaml",
            "canary/services.yaml",
            "canary/route.yaml",
            "analysis/success-rate.yaml",
            "analysis/latency.yaml",
        ),
        patches=_ROLLOUT_PATCHES,
        kind="rollout",
        weights=(10, 25, 50, 100),
        listed="rollouts,pods,services,kustomizations",
    ),
    "flagger": Flavour(
        files=(
            "flagger-metrics/deployment.yaml",
            "flagger-metrics/canary.yaml",
            "flagger-metrics/templates.yaml",
        ),
        patches=_CANARY_PATCHES,
        kind="canary",
        weights=(10, 25, 50),
        listed="canaries,deployments,pods,services,kustomizations",
    ),
}
ARGO = FLAVOURS["argo"]

SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: shop, namespace: shop}}
spec: {{url: "{url}", ref: {{branch: main}}, interval: 1s}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: shop, namespace: shop}}
spec:
  sourceRef: {{kind: GitRepository, name: shop}}
  path: ./deploy
  targetNamespace: shop
  interval: 30s
  prune: true
"""


def scenario_text() -> str:
    """The scenario that is played unless another is given: v2 is well, v3 is not."""
    return _SCENARIO


def manifests(flavour: Flavour = ARGO) -> dict[str, str]:
    """The repository's files, but for the kustomization: the examples as they are."""
    folder = shipped("examples")
    return {f"deploy/{name.rpartition('/')[2]}": (folder / name).read_text() for name in flavour.files}


def kustomization(tag: str, prometheus: str, flavour: Flavour = ARGO) -> dict[str, str]:
    """The file that a release changes: which tag of the image runs. It also says where Prometheus is."""
    resources = ", ".join(name.rpartition("/")[2] for name in flavour.files)
    patches = flavour.patches.replace("$PROMETHEUS", prometheus)
    return {"deploy/kustomization.yaml": _KUSTOMIZATION.format(resources=resources, tag=tag) + patches}
