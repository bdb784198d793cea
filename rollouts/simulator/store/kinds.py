"""What the store serves: a Kind per resource and version, with all that a write to it must obey.

Called by the core for every request and by the HTTP front for discovery, tables and OpenAPI. The built-in kinds are
rows of builtin.py; every CustomResourceDefinition gives one Kind a version that it serves.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

from rollouts.cluster.port import Json, Resource
from rollouts.simulator.store.ledger import Shelf
from rollouts.simulator.store.meta import Sealed
from rollouts.simulator.store.schema import Structure
from rollouts.simulator.store.shapes import BARE, METADATA, Shape, shape_of_schema


class Generation(Enum):
    """Which changes give an object a new generation."""

    NEVER = "never"
    SPEC = "spec"
    SPEC_OR_ANNOTATIONS = "spec or annotations"  # Deployments
    CONTENT = "all but metadata, and status where that is a subresource"  # custom resources
    CONTENT_OR_LABELS = "all but metadata, or labels"  # EndpointSlices


@dataclass(frozen=True, slots=True)
class Column:
    """A printer column: what `kubectl get` shows. `path` is a JSONPath as CRDs write it, `.spec.replicas`."""

    name: str
    type: str
    path: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where a kind keeps what its Scale shows."""

    replicas: tuple[str, ...] = ("spec", "replicas")
    status: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource in one version.

    `raw_schema` is its OpenAPI schema, {} for built-in kinds. `needs_version`: a replace must name the resourceVersion.
    `fields` are the field selectors it knows. `default_propagation` is what a delete without one does.
    """

    resource: Resource
    singular: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    shape: Shape = BARE
    raw_schema: Mapping[str, Any] = field(default_factory=dict)
    structure: Structure | None = None
    is_custom: bool = False
    has_status: bool = False
    scale: ScalePaths | None = None
    generation: Generation = Generation.NEVER
    name_rule: str = "subdomain"
    needs_version: bool = False
    fields: tuple[str, ...] = ("metadata.name", "metadata.namespace")
    default_propagation: str = "Background"
    is_preferred: bool = True

    @property
    def shelf(self) -> Shelf:
        """Where the ledger keeps its objects, whatever the version."""
        return self.resource.group, self.resource.plural

    @property
    def subresources(self) -> tuple[str, ...]:
        """What stands behind an object: `status`, `scale`, `eviction`."""
        names = (("status", self.has_status), ("scale", self.scale is not None))
        own = tuple(name for name, is_there in names if is_there)
        return (*own, "eviction") if self.resource.plural == "pods" and not self.resource.group else own


def kinds_of_definition(definition: Json) -> tuple[Kind, ...]:
    """The kinds that a CustomResourceDefinition adds, the preferred version first."""
    spec = definition["spec"]
    return _known(spec) if isinstance(spec, Sealed) else _compiled(json.dumps(spec, sort_keys=True))


@cache
def _known(spec: Sealed) -> tuple[Kind, ...]:
    return _compiled(json.dumps(spec, sort_keys=True))


@cache
def _compiled(text: str) -> tuple[Kind, ...]:
    # Kept by content: a simulation makes hundreds of stores from the same definitions.
    spec = json.loads(text)
    served = [version for version in spec["versions"] if version.get("served", True)]
    ordered = sorted(served, key=lambda version: _rank(version["name"]), reverse=True)
    return tuple(_kind(spec, version, is_preferred=index == 0) for index, version in enumerate(ordered))


def _rank(version: str) -> tuple[int, int, int]:
    """v2 over v1 over v1beta2 over v1alpha1, as the API server prefers them."""
    major, _, rest = version.removeprefix("v").partition("beta")
    if rest:
        return 1, int(major or 0), int(rest)
    major, _, rest = version.removeprefix("v").partition("alpha")
    if rest:
        return 0, int(major or 0), int(rest)
    return (2, int(major), 0) if major.isdigit() else (-1, 0, 0)


def _kind(spec: Json, version: Json, *, is_preferred: bool) -> Kind:
    names = spec["names"]
    schema = version.get("schema", {}).get("openAPIV3Schema", {})
    subresources = version.get("subresources", {})
    selectable = tuple(one["jsonPath"].strip(".") for one in version.get("selectableFields", ()))
    return Kind(
        resource=Resource(
            spec["group"], version["name"], names["plural"], names["kind"], is_namespaced=spec["scope"] == "Namespaced"
        ),
        singular=names.get("singular") or names["kind"].lower(),
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        columns=tuple(_column(one) for one in version.get("additionalPrinterColumns", ())),
        shape=_with_metadata(shape_of_schema(schema)),
        raw_schema=schema,
        structure=Structure(schema, status_is_apart="status" in subresources),
        is_custom=True,
        has_status="status" in subresources,
        scale=_scale(subresources.get("scale")),
        generation=Generation.CONTENT,
        needs_version=True,
        fields=("metadata.name", "metadata.namespace", *selectable),
        is_preferred=is_preferred,
    )


def _with_metadata(shape: Shape) -> Shape:
    fields = {**shape.fields, "metadata": METADATA}
    return Shape(fields=fields, items=shape.items, is_declared=shape.is_declared)


def _column(one: Json) -> Column:
    return Column(one["name"], one["type"], one["jsonPath"], one.get("priority", 0))


def _scale(paths: Json | None) -> ScalePaths | None:
    if paths is None:
        return None
    return ScalePaths(
        replicas=tuple(paths["specReplicasPath"].strip(".").split(".")),
        status=tuple(paths["statusReplicasPath"].strip(".").split(".")),
        selector=tuple(filter(None, paths.get("labelSelectorPath", "").strip(".").split("."))),
    )
