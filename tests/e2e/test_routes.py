"""What routers write, on a real API server: their kinds' own definitions take it, and take the example of each.

One row a provider and example; the definitions come from Go modules at test time. App Mesh has no row: the Go proxy
refuses its module.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollouts.dialects.argo.rollout import parse
from rollouts.model.objects import Ref, ref_of
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, ManagedRoute, SetHeaderRoute, SetMirrorRoute
from rollouts.model.weights import Share, Shares
from rollouts.traffic.protocol import Desired, Objects, Options
from rollouts.traffic.registry import providers
from tests.contract.gateway import ISTIO, definitions_folder, module_folder
from tests.e2e import installed
from tests.e2e.dataplane.gateways import TRAEFIK_DEFINITIONS, TRAEFIK_MODULE
from tests.e2e.harness import ROOT, control_plane
from tests.properties.routers.specimen import carried_out

pytestmark = pytest.mark.e2e

Json = installed.Json
NAMESPACE = "routes"
SMI = "github.com/servicemeshinterface/smi-sdk-go@v0.5.0"
EMISSARY = "github.com/emissary-ingress/emissary/v3@v3.9.1"
EXTRA = Share(5, "shop-try", "eeeee")


@dataclass(frozen=True)
class Row:
    """A provider, the folder of its example, and the definitions of its kinds: a file or a folder, or themselves."""

    provider: str
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
    Row("alb", "alb-ingress", _built_in),
    Row("ambassador", "ambassador-mapping", _ambassador, has_experiments=False),
    Row("gatewayAPI", "canary", definitions_folder, has_experiments=False),
    Row("istio", "istio-hosts", _istio),
    Row("istio", "istio-subsets", _istio),
    Row("nginx", "nginx-ingress", _built_in, has_experiments=False),
    Row("smi", "smi-split", _smi, options=Options(traffic_split_version="v1alpha2")),
    Row("traefik", "traefik-service", _traefik, has_experiments=False),
)
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.example)


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


def documents(row: Row) -> Iterator[Json]:
    """The objects of the example."""
    for file in sorted((ROOT / "examples" / row.example).glob("*.yaml")):
        for obj in yaml.safe_load_all(file.read_text()):
            yield {**obj, "metadata": {**obj["metadata"], "namespace": NAMESPACE}}


def managed_of(rollout: Rollout) -> tuple[ManagedRoute, ...]:
    """The header and mirror routes that the steps ask for, in order."""
    assert isinstance(rollout.strategy, Canary)
    asked = (step for step in rollout.strategy.steps if isinstance(step, SetHeaderRoute | SetMirrorRoute))
    routes = {route.name: route for route in asked if route.match}
    return tuple(routes[name] for name in rollout.strategy.managed_routes if name in routes)


def written(row: Row) -> list[Json]:
    """The routers' objects, those of the example and new ones, in the middle of a canary."""
    objects = list(documents(row))
    (manifest,) = (obj for obj in objects if obj["kind"] == "Rollout")
    manifest["metadata"]["uid"] = "11111111-2222-3333-4444-555555555555"  # an owner has one
    rollout, provider = parse(manifest), providers(row.options)[row.provider]
    assert isinstance(rollout.strategy, Canary)
    (router,) = rollout.strategy.routers
    named = provider.touches(rollout, router)
    extra = (EXTRA,) if row.has_experiments else ()
    canary, stable = Share(30, rollout.services.canary, "ccccc"), Share(70, rollout.services.stable, "aaaaa")
    shares = Shares(canary, replace(stable, weight=70 - sum(share.weight for share in extra)), extra)
    before = {ref: next((obj for obj in objects if is_same(ref, obj)), None) for ref in named}
    desired = Desired(shares, managed_of(rollout))
    after = carried_out(_in_version(before), provider.render(rollout, router, _in_version(before), desired))
    return [obj for ref, obj in after.items() if obj is not None and obj != before.get(ref)]


def is_same(ref: Ref, obj: Json) -> bool:
    """Whether this is the object, in whatever version of its API it is written."""
    own = ref_of(obj)
    return replace(own, api_version=ref.api_version) == ref and own.api_version.split("/")[0] in ref.api_version


def _in_version(objects: Objects) -> Objects:
    """As the server would give them in the version that the provider asks for."""
    return {ref: None if obj is None else {**obj, "apiVersion": ref.api_version} for ref, obj in objects.items()}


@every_row
def test_the_example_is_taken(row: Row) -> None:
    """Every object of the folder, with no field that the server does not know."""
    takes(*documents(row))


@every_row
def test_what_a_router_writes_is_taken(row: Row) -> None:
    """Weights, managed routes, versions, and an experiment's part: the definitions allow all of it."""
    objects = written(row)

    assert objects
    takes(*objects)
