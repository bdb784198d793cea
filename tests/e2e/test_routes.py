"""What routers write, on a real API server: their kinds' own definitions take it, and take the example of each.

One row an example; the definitions come from Go modules at test time. App Mesh has no row: the Go proxy refuses its
module.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rollouts.traffic.protocol import Options
from tests.builders.routed import NAMESPACE, documents, written
from tests.contract.gateway import ISTIO, definitions_folder, module_folder
from tests.e2e import installed
from tests.e2e.dataplane.gateways import TRAEFIK_DEFINITIONS, TRAEFIK_MODULE
from tests.e2e.harness import ROOT, control_plane

pytestmark = pytest.mark.e2e

Json = installed.Json
SMI = "github.com/servicemeshinterface/smi-sdk-go@v0.5.0"
EMISSARY = "github.com/emissary-ingress/emissary/v3@v3.9.1"
APISIX = "github.com/apache/apisix-ingress-controller@v1.7.1"


@dataclass(frozen=True)
class Row:
    """The folder of an example, and the definitions of its kinds: a file or a folder, or themselves."""

    example: str
    definitions: Callable[[], Path | list[Json]]
    has_experiments: bool = True
    options: Options = field(default_factory=Options)


def _istio() -> Path:
    return module_folder(ISTIO) / "kubernetes" / "customresourcedefinitions.gen.yaml"


def _built_in() -> list[Json]:
    """Ingresses are served by every API server."""
    return []


def _traefik() -> Path:
    return module_folder(TRAEFIK_MODULE) / TRAEFIK_DEFINITIONS


def _smi() -> list[Json]:
    (old,) = installed.definitions_of(module_folder(SMI) / "crds" / "split.yaml", "trafficsplits.split.smi-spec.io")
    return [modern(old, "v1alpha2")]


def _ambassador() -> list[Json]:
    file = module_folder(EMISSARY) / "pkg" / "api" / "getambassador.io" / "crds.yaml"
    return [modern(one, "v2") for one in installed.definitions_of(file, "mappings.getambassador.io")]


def _apisix() -> Path:
    return module_folder(APISIX) / "samples" / "deploy" / "crd" / "v1" / "ApisixRoute.yaml"


def modern(definition: Json, version: str) -> Json:
    """A definition of one version alone, in today's form and without a converter; its schema is its own."""
    spec = definition["spec"]
    (told,) = (one for one in spec["versions"] if one["name"] == version)
    schema = told.get("schema") or {"openAPIV3Schema": {"type": "object", **spec["validation"]["openAPIV3Schema"]}}
    only = {"name": version, "served": True, "storage": True, "schema": _structural(schema)}
    kept = {key: spec[key] for key in ("group", "scope", "names")}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": definition["kind"],
        "metadata": {"name": definition["metadata"]["name"]},
        "spec": {**kept, "versions": [only]},
    }


def _structural(schema: Any) -> Any:
    """A schema as today's servers want it: where types are one of several, anything goes."""
    match schema:
        case {"oneOf": _, **rest} if "type" not in rest:
            return {"x-kubernetes-preserve-unknown-fields": True}
        case dict():
            return {key: _structural(value) for key, value in schema.items()}
        case list():
            return list(map(_structural, schema))
        case _:
            return schema


ROWS = (
    Row("alb-ingress", _built_in),
    Row("ambassador-mapping", _ambassador, has_experiments=False),
    Row("apisix-route", _apisix, has_experiments=False),
    Row("canary", definitions_folder),
    Row("istio-hosts", _istio),
    Row("istio-subsets", _istio),
    Row("nginx-ingress", _built_in, has_experiments=False),
    Row("smi-split", _smi, options=Options(traffic_split_version="v1alpha2")),
    Row("traefik-service", _traefik, has_experiments=False),
)
WITHOUT_ROUTES = tuple(
    Row(folder, _built_in)
    for folder in ("blue-green", "canary-services", "router-plugin-package", "router-plugin-program")
)
every_router = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.example)
every_example = pytest.mark.parametrize("row", [*ROWS, *WITHOUT_ROUTES], ids=lambda row: row.example)


def kubectl(*words: str, given: str | None = None) -> str:
    """The real one; its complaint is the test's."""
    return installed.kubectl(control_plane().kubeconfig, *words, given=given)


@pytest.fixture(autouse=True)
def definitions(row: Row) -> None:
    """Our kinds and the row's are served, and there is a namespace."""
    applying = ("apply", "--server-side", "--force-conflicts")
    found = row.definitions()
    kubectl(*applying, f"--filename={ROOT / 'crds'}", *([f"--filename={found}"] if isinstance(found, Path) else []))
    for one in found if isinstance(found, list) else ():
        kubectl(*applying, "--filename=-", given=json.dumps(one))
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    kubectl(
        *applying,
        "--filename=-",
        given=f'{{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "{NAMESPACE}"}}}}',
    )


def takes(*objects: Json) -> None:
    """The server would take these objects, and knows each of their fields."""
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    applying = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts")
    kubectl(*applying, "-n", NAMESPACE, "--filename=-", given=given)


@every_example
def test_the_example_is_taken(row: Row) -> None:
    """Every object of the folder, with no field that the server does not know."""
    takes(*documents(row.example))


@every_router
def test_what_a_router_writes_is_taken(row: Row) -> None:
    """Weights, managed routes, versions, and an experiment's part: the definitions allow all of it."""
    found = written(documents(row.example), row.options, has_experiments=row.has_experiments)

    assert found
    takes(*(now for _, now in found.values()))
