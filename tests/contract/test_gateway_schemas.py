"""Contract: our small schemas of others' kinds say what the real definitions say, wherever they say anything.

The real ones come from Go modules at test time. Left out on purpose: what no rollout and no traffic of ours reads.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from rollouts.cluster.port import Json
from rollouts.simulator.store.catalog import SCHEMAS, read_definitions
from tests.contract.gateway import ISTIO, definitions_folder, module_folder

LEFT_OUT = {"gateways .spec.infrastructure", "gatewayclasses .status.supportedFeatures"}
_COMPARED = (
    *("type", "default", "enum", "required", "nullable", "minimum", "maximum"),
    *("minItems", "maxItems", "minLength", "maxLength"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"),
)


@cache
def _real() -> dict[str, Json]:
    """Those of the standard channel, of the experimental one only what is nowhere else, and Istio's."""
    standard = definitions_folder()
    files = [*(standard.parent / "experimental").glob("gateway*.yaml"), *standard.glob("*.yaml")]
    files.append(module_folder(ISTIO) / "kubernetes" / "customresourcedefinitions.gen.yaml")
    documents = [one for path in files for one in yaml.safe_load_all(path.read_text()) if one]
    return {one["metadata"]["name"]: one for one in documents if one.get("kind") == "CustomResourceDefinition"}


def _ours() -> list[Json]:
    return read_definitions(SCHEMAS)


@pytest.mark.e2e
@pytest.mark.parametrize("ours", _ours(), ids=lambda one: one["spec"]["names"]["plural"])
def test_small_schemas_agree_with_the_real_ones(ours: Json) -> None:
    """Types, defaults, limits, required fields and list semantics of every field are the real definition's."""
    real = {one["name"]: one for one in _real()[ours["metadata"]["name"]]["spec"]["versions"]}
    plural = ours["spec"]["names"]["plural"]
    differences = {
        f"{plural} {difference}"
        for version in ours["spec"]["versions"]
        for difference in _differences(_schema(real[version["name"]]), _schema(version), "")
    }

    assert {one for one in differences if one.partition(": ")[0] not in LEFT_OUT} == set()


def _schema(version: Json) -> Json:
    schema: Json = version["schema"]["openAPIV3Schema"]
    return schema


def _differences(real: Json, ours: Json, path: str) -> Iterator[str]:
    for name in _COMPARED:
        if _unordered(real.get(name)) != _unordered(ours.get(name)):
            yield f"{path}: {name} is {ours.get(name)!r}, not {real.get(name)!r}"
    inner, own = real.get("properties", {}), ours.get("properties", {})
    if not ours.get("x-kubernetes-preserve-unknown-fields"):
        yield from (f"{path}.{name}: is not in ours" for name in inner.keys() - own.keys())
    yield from (f"{path}.{name}: is not in the real one" for name in own.keys() - inner.keys())
    for name in inner.keys() & own.keys() - ({"apiVersion", "kind", "metadata"} if not path else set()):
        yield from _differences(inner[name], own[name], f"{path}.{name}")
    if "items" in ours:
        yield from _differences(real["items"], ours["items"], f"{path}[]")


def _unordered(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value
