"""The CustomResourceDefinitions themselves: names, scopes, columns, subresources. Rendered by `__main__`."""

from dataclasses import dataclass, field
from typing import Any

from tools.crds import analysis, canary, flux, rollout
from tools.crds.schema import Schema, string

Column = dict[str, Any]


def column(name: str, path: str, kind: str = "string", description: str = "") -> Column:
    """A column of `kubectl get`."""
    shown = {"name": name, "type": kind, "jsonPath": path}
    return {**shown, "description": description} if description else shown


def wide(name: str, path: str, kind: str = "string") -> Column:
    """A column of `kubectl get -o wide` only."""
    return {**column(name, path, kind), "priority": 1}


AGE = column("Age", ".metadata.creationTimestamp", "date")
STATUS = column("Status", ".status.phase", description="Phase of its life")
READY = column("Ready", '.status.conditions[?(@.type=="Ready")].status')
MESSAGE = column("Status", '.status.conditions[?(@.type=="Ready")].message')


@dataclass(frozen=True)
class Kind:
    """One kind: what it is called, what it looks like, what `kubectl get` shows."""

    group: str
    version: str
    name: str
    plural: str
    short: tuple[str, ...]
    schema: Schema
    columns: tuple[Column, ...]
    is_namespaced: bool = True
    subresources: dict[str, Any] = field(default_factory=dict)
    categories: tuple[str, ...] = ()

    @property
    def definition(self) -> dict[str, Any]:
        """The CustomResourceDefinition."""
        names: dict[str, Any] = {
            "kind": self.name,
            "listKind": f"{self.name}List",
            "plural": self.plural,
            "singular": self.name.lower(),
        }
        if self.short:
            names["shortNames"] = list(self.short)
        if self.categories:
            names["categories"] = list(self.categories)
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{self.group}"},
            "spec": {
                "group": self.group,
                "scope": "Namespaced" if self.is_namespaced else "Cluster",
                "names": names,
                "versions": [self._version()],
            },
        }

    def _version(self) -> dict[str, Any]:
        version = {"name": self.version, "served": True, "storage": True}
        if self.subresources:
            version["subresources"] = self.subresources
        return {
            **version,
            "additionalPrinterColumns": list(self.columns),
            "schema": {"openAPIV3Schema": whole(self.schema)},
        }


def whole(schema: Schema) -> Schema:
    """The schema with what every object has."""
    head = {
        "apiVersion": string("Version of this form of the object."),
        "kind": string("Kind of the object."),
        "metadata": {"type": "object"},
    }
    return {**schema, "properties": {**head, **schema["properties"]}}


SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.HPAReplicas",
    "labelSelectorPath": ".status.selector",
}
ROLLOUT_COLUMNS = (
    column("Desired", ".spec.replicas", "integer", "Number of pods wanted"),
    column("Current", ".status.replicas", "integer", "Number of pods of all versions"),
    column("Up-to-date", ".status.updatedReplicas", "integer", "Number of pods of the new version"),
    column("Available", ".status.availableReplicas", "integer", "Number of available pods"),
    AGE,
)
CANARY_COLUMNS = (
    column("Status", ".status.phase"),
    column("Weight", ".status.canaryWeight"),
    wide("Suspended", ".spec.suspend", "boolean"),
    wide("FailedChecks", ".status.failedChecks"),
    wide("Interval", ".spec.analysis.interval"),
    wide("Mirror", ".spec.analysis.mirror", "boolean"),
    wide("StepWeight", ".spec.analysis.stepWeight"),
    wide("StepWeights", ".spec.analysis.stepWeights"),
    wide("MaxWeight", ".spec.analysis.maxWeight"),
    column("LastTransitionTime", ".status.lastTransitionTime"),
)
FLAGGER = ("flagger.app", "v1beta1")
IN_ALL = ("all",)
ARGO = ("argoproj.io", "v1alpha1")
SOURCE = ("source.toolkit.fluxcd.io", "v1")
KUSTOMIZE = ("kustomize.toolkit.fluxcd.io", "v1")
HAS_STATUS: dict[str, Any] = {"status": {}}

KINDS = (
    Kind(
        *ARGO,
        "Rollout",
        "rollouts",
        ("ro",),
        rollout.schema(),
        ROLLOUT_COLUMNS,
        subresources={"scale": SCALE, "status": {}},
    ),
    Kind(*ARGO, "AnalysisRun", "analysisruns", ("ar",), analysis.run(), (STATUS, AGE)),
    Kind(*ARGO, "Experiment", "experiments", ("exp",), analysis.experiment(), (STATUS, AGE)),
    Kind(*ARGO, "AnalysisTemplate", "analysistemplates", ("at",), analysis.template(), (AGE,)),
    Kind(
        *ARGO,
        "ClusterAnalysisTemplate",
        "clusteranalysistemplates",
        ("cat",),
        analysis.template(),
        (AGE,),
        is_namespaced=False,
    ),
    Kind(
        *SOURCE,
        "GitRepository",
        "gitrepositories",
        ("gitrepo",),
        flux.git_repository(),
        (column("URL", ".spec.url"), AGE, READY, MESSAGE),
        subresources=HAS_STATUS,
    ),
    Kind(
        *KUSTOMIZE,
        "Kustomization",
        "kustomizations",
        ("ks",),
        flux.kustomization(),
        (AGE, READY, MESSAGE),
        subresources=HAS_STATUS,
    ),
    Kind(
        *FLAGGER,
        "Canary",
        "canaries",
        (),
        canary.canary(),
        CANARY_COLUMNS,
        subresources=HAS_STATUS,
        categories=IN_ALL,
    ),
    Kind(
        *FLAGGER,
        "MetricTemplate",
        "metrictemplates",
        (),
        canary.template(),
        (column("Provider", ".spec.provider.type"),),
        subresources=HAS_STATUS,
        categories=IN_ALL,
    ),
    Kind(
        *FLAGGER,
        "AlertProvider",
        "alertproviders",
        (),
        canary.alerts(),
        (column("Type", ".spec.type"),),
        subresources=HAS_STATUS,
        categories=IN_ALL,
    ),
)
