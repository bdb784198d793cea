"""OpenAPI, as far as kubectl asks: does the server validate fields itself, and which schemas has it. Called for GETs.

In `/openapi/v3` kinds from definitions show their schemas; built-in kinds show none, and kubectl merges those by its
own knowledge. `/openapi/v2` is an empty document: kubectl asks for it when it is given a List, and then leaves
validation to the server.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rollouts.cluster.port import Json, Resource
from rollouts.simulator.store import Kind

EMPTY_V2: Final = b"\n\x032.0"  # protobuf: swagger "2.0", and no definitions
V2_MEDIA: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_ROOT: Final = "/openapi/v3"
_PARAMETERS: Final = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation", "force")
]


def answer(path: str, kinds: Sequence[Kind]) -> Json | None:
    """The index, or the document of one group version; None for any other path."""
    if path.rstrip("/") == _ROOT:
        roots = sorted({_root_of(kind.resource) for kind in kinds})
        return {"paths": {root: {"serverRelativeURL": f"{_ROOT}/{root}"} for root in roots}}
    root = path.removeprefix(f"{_ROOT}/")
    found = [kind for kind in kinds if _root_of(kind.resource) == root]
    return _document(found, root) if root != path and found else None


def _root_of(resource: Resource) -> str:
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def _document(kinds: Iterable[Kind], root: str) -> Json:
    listed = list(kinds)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Sluice's embedded cluster", "version": "v1"},
        "paths": {_path(kind, root): _operations(kind) for kind in listed},
        "components": {"schemas": {_component(kind.resource): _schema(kind) for kind in listed if kind.raw_schema}},
    }


def _path(kind: Kind, root: str) -> str:
    place = "namespaces/{namespace}/" if kind.resource.is_namespaced else ""
    return f"/{root}/{place}{kind.resource.plural}/{{name}}"


def _operations(kind: Kind) -> Json:
    named = _named(kind.resource)
    responses = {"200": {"description": "OK"}}
    return {
        verb: {
            "operationId": f"{verb}{named['kind']}{named['version']}",
            "parameters": _PARAMETERS,
            "responses": responses,
            "x-kubernetes-action": verb,
            "x-kubernetes-group-version-kind": named,
        }
        for verb in ("patch", "put")
    }


def _schema(kind: Kind) -> Json:
    return {**kind.raw_schema, "x-kubernetes-group-version-kind": [_named(kind.resource)]}


def _named(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _component(resource: Resource) -> str:
    reversed_group = ".".join(reversed(resource.group.split(".")))
    return f"{reversed_group}.{resource.version}.{resource.kind}"
