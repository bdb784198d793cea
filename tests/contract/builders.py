"""Objects of the contract suite: two custom kinds that have every feature of a schema, and small built-in ones."""

from typing import Any

from rollouts.cluster.kinds import CONFIG_MAPS, DEPLOYMENTS, PODS
from rollouts.cluster.port import Cluster, Collection, CreateOptions, Json, Patch, PatchType, Resource, Target

GROUP = "contract.sluice.dev"
WIDGETS = Resource(GROUP, "v1", "widgets", "Widget")  # with status and scale
PLAINS = Resource(GROUP, "v1", "plains", "Plain")  # without

_ITEM = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "value": {"type": "string"},
        "port": {"type": "integer", "default": 80},
    },
}
_SPEC = {
    "type": "object",
    "properties": {
        "replicas": {"type": "integer", "minimum": 0, "maximum": 100, "default": 1},
        "size": {"type": "string", "enum": ["small", "large"]},
        "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
        "note": {"type": "string", "nullable": True},
        "colour": {"type": "string", "default": "red"},
        "amount": {"x-kubernetes-int-or-string": True},
        "fixed": {
            "type": "string",
            "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "fixed is immutable"}],
        },
        "items": {
            "type": "array",
            "items": _ITEM,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
        "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "steps": {"type": "array", "items": {"type": "integer"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "whole": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "x-kubernetes-map-type": "atomic",
        },
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "nested": {
            "type": "object",
            "required": ["must"],
            "properties": {"must": {"type": "string"}, "may": {"type": "string", "default": "yes"}},
        },
        "template": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
        },
    },
}
_STATUS = {
    "type": "object",
    "properties": {
        "phase": {"type": "string"},
        "replicas": {"type": "integer"},
        "selector": {"type": "string"},
    },
}


def _definition(resource: Resource, subresources: Json) -> Json:
    schema = {"type": "object", "properties": {"spec": _SPEC, "status": _STATUS}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{resource.group}"},
        "spec": {
            "group": resource.group,
            "scope": "Namespaced",
            "names": {"plural": resource.plural, "singular": resource.kind.lower(), "kind": resource.kind},
            "versions": [{**version, "subresources": subresources} if subresources else version],
        },
    }


_SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}
DEFINITIONS = (_definition(WIDGETS, {"status": {}, "scale": _SCALE}), _definition(PLAINS, {}))


def a_definition(plural: str, kind: str) -> Json:
    """Another definition, for tests that add and remove one."""
    return _definition(Resource(GROUP, "v1", plural, kind), {})


def widget(name: str, spec: Json | None = None, **meta: Any) -> Json:
    """A custom resource with status and scale."""
    return {
        "apiVersion": WIDGETS.api_version,
        "kind": "Widget",
        "metadata": {"name": name, **meta},
        "spec": {} if spec is None else spec,
    }


def plain(name: str, spec: Json | None = None, **meta: Any) -> Json:
    """A custom resource without subresources."""
    return {**widget(name, spec, **meta), "kind": "Plain"}


def config_map(name: str, data: dict[str, str] | None = None, **meta: Any) -> Json:
    """A ConfigMap."""
    bare: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}}
    return {**bare, "data": data} if data else bare


def pod(name: str, image: str = "web:1", **meta: Any) -> Json:
    """A pod of one container that no node takes."""
    spec = {"containers": [{"name": "web", "image": image}], "schedulerName": "nobody"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **meta}, "spec": spec}


def deployment(name: str, *containers: str, **spec: Any) -> Json:
    """A Deployment without pods, with one container a name."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": one, "image": f"{one}:1"} for one in containers or ("web",)]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template, **spec},
    }


class Bench:
    """The verbs on one resource in one namespace, in the few words that most tests need."""

    def __init__(self, cluster: Cluster, resource: Resource, namespace: str) -> None:
        self.cluster, self.resource, self.namespace = cluster, resource, namespace
        self.collection = Collection(resource, namespace)

    def at(self, name: str, subresource: str = "") -> Target:
        """The object of this name."""
        return Target(self.resource, name, self.namespace, subresource)

    async def create(self, body: Json, manager: str = "") -> Json:
        """Create an object."""
        return await self.cluster.create(self.collection, body, CreateOptions(manager=manager))

    async def get(self, name: str) -> Json:
        """Read an object."""
        return await self.cluster.get(self.at(name))

    async def merge(self, name: str, body: Json, subresource: str = "", manager: str = "") -> Json:
        """Merge-patch an object."""
        return await self.cluster.patch(self.at(name, subresource), Patch(PatchType.MERGE, body, manager))

    async def json(self, name: str, operations: list[Json]) -> Json:
        """JSON-patch an object."""
        return await self.cluster.patch(self.at(name), Patch(PatchType.JSON, operations))

    async def apply(self, body: Json, manager: str, *, is_forced: bool = False, subresource: str = "") -> Json:
        """Apply an object server-side."""
        target = self.at(body["metadata"]["name"], subresource)
        return await self.cluster.patch(target, Patch(PatchType.APPLY, body, manager, is_forced=is_forced))


def widgets(cluster: Cluster, namespace: str) -> Bench:
    """A bench for widgets."""
    return Bench(cluster, WIDGETS, namespace)


def plains(cluster: Cluster, namespace: str) -> Bench:
    """A bench for plains."""
    return Bench(cluster, PLAINS, namespace)


def config_maps(cluster: Cluster, namespace: str) -> Bench:
    """A bench for ConfigMaps."""
    return Bench(cluster, CONFIG_MAPS, namespace)


def deployments(cluster: Cluster, namespace: str) -> Bench:
    """A bench for Deployments."""
    return Bench(cluster, DEPLOYMENTS, namespace)


def pods(cluster: Cluster, namespace: str) -> Bench:
    """A bench for pods."""
    return Bench(cluster, PODS, namespace)
