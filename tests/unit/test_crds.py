"""The custom resource definitions in `crds/`: what is written there, and what an API server would make of objects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.crds.__main__ import FOLDER, rendered
from tools.crds.definitions import KINDS, Kind

Json = dict[str, Any]
DATA = Path(__file__).parent / "data"
EVERYTHING = yaml.safe_load((DATA / "everything.yaml").read_text(encoding="utf-8"))
STATUS = yaml.safe_load((DATA / "status.yaml").read_text(encoding="utf-8"))
FIELDS = yaml.safe_load((DATA / "fields.yaml").read_text(encoding="utf-8"))
_WIDE = ("Suspended", "FailedChecks", "Interval", "Mirror", "StepWeight", "StepWeights", "MaxWeight")
ARGOS = tuple(name for name in FIELDS if name[0].isupper())
TYPES: dict[str, Json] = {
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "text": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "share": {"x-kubernetes-int-or-string": True},
    "texts": {"type": "object", "additionalProperties": {"type": "string"}},
}


def schema_of(kind: str) -> Json:
    """The schema of a kind as its file has it."""
    definition = next(kind_.definition for kind_ in KINDS if kind_.name == kind)
    schema: Json = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def schemas(schema: Json) -> Iterator[Json]:
    """The schema and all that are inside it."""
    yield schema
    for child in [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]:
        if child:
            yield from schemas(child)


def pruned(schema: Json, value: Any, path: str = "") -> Iterator[str]:
    """Paths that an API server would drop."""
    if isinstance(value, list):
        for item in value:
            yield from pruned(schema["items"], item, f"{path}[]")
    elif isinstance(value, dict) and "properties" in schema:
        for key, item in value.items():
            if key in schema["properties"]:
                yield from pruned(schema["properties"][key], item, f"{path}.{key}")
            elif key not in ("name", "namespace") or path != ".metadata":
                yield f"{path}.{key}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_the_files_are_what_the_program_writes(kind: Kind) -> None:
    """Each file of crds/ is the output of `python -m tools.crds`."""
    assert (FOLDER / f"{kind.plural}.yaml").read_text(encoding="utf-8") == rendered(kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_objects_stay_as_their_authors_wrote_them(kind: Kind) -> None:
    """No schema sets a default, so that an absent field stays absent."""
    assert not [schema for schema in schemas(schema_of(kind.name)) if "default" in schema]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_schemas_are_structural_and_small(kind: Kind) -> None:
    """Every schema has one type or says that any value goes, carries a line of description, and none is large."""
    for schema in schemas(schema_of(kind.name)):
        is_any = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
        assert ("type" in schema) != bool(is_any and schema.get("type") is None)
        assert "\n" not in schema.get("description", "")
    assert len(json.dumps(kind.definition)) < 200_000


def test_only_rollouts_scale_and_argos_other_kinds_have_no_status() -> None:
    """Subresources are the ancestors': an autoscaler reads HPAReplicas, an AnalysisRun is written whole."""
    subresources = {kind.name: set(kind.subresources) for kind in KINDS if kind.subresources}

    assert subresources == {
        "Rollout": {"scale", "status"},
        "GitRepository": {"status"},
        "Kustomization": {"status"},
        "Canary": {"status"},
        "MetricTemplate": {"status"},
        "AlertProvider": {"status"},
    }


@pytest.mark.parametrize("document", EVERYTHING, ids=lambda document: document["kind"])
def test_no_field_of_a_valid_manifest_is_lost(document: Json) -> None:
    """A manifest that uses every field passes through pruning whole."""
    assert list(pruned(schema_of(document["kind"]), document)) == []


def test_everything_is_used() -> None:
    """A field that is new in a schema must be new in the manifests too, from where it cannot get lost unseen."""
    used = {kind.name: set[str]() for kind in KINDS}
    for document in EVERYTHING:
        used[document["kind"]] |= set(paths(document["spec"]))
    unused = {
        f"{kind.name}{path}"
        for kind in KINDS
        for path in leaves(schema_of(kind.name)["properties"]["spec"])
        if not any(known == path or known.startswith((f"{path}.", f"{path}[")) for known in used[kind.name])
    }

    assert unused == set()


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Paths of all that an object says."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, f"{path}[]")


def leaves(schema: Json, path: str = "") -> Iterator[str]:
    """Paths of the fields of a schema that have no fields themselves."""
    if "items" in schema:
        yield from leaves(schema["items"], f"{path}[]")
    elif "properties" in schema:
        for key, child in schema["properties"].items():
            yield from leaves(child, f"{path}.{key}")
    else:
        yield path


def test_a_pod_template_keeps_labels_annotations_and_its_whole_spec() -> None:
    """Of a template's metadata labels and annotations stay; its spec is kept as it is."""
    template = {"metadata": {"labels": {"a": "b"}, "creationTimestamp": None}, "spec": {"anything": {"goes": [1]}}}

    assert list(pruned(schema_of("Rollout"), {"spec": {"template": template}})) == [
        ".spec.template.metadata.creationTimestamp"
    ]


def test_the_selector_cannot_change() -> None:
    """A rule of the API server's own language forbids another selector."""
    selector = schema_of("Rollout")["properties"]["spec"]["properties"]["selector"]

    assert [rule["rule"] for rule in selector["x-kubernetes-validations"]] == ["self == oldSelf"]


def test_columns_are_argos() -> None:
    """`kubectl get rollouts` shows what it showed before."""
    columns = {kind.name: [column["name"] for column in kind.columns] for kind in KINDS}

    assert columns["Rollout"] == ["Desired", "Current", "Up-to-date", "Available", "Age"]
    assert columns["AnalysisRun"] == ["Status", "Age"]


def test_columns_are_flaggers() -> None:
    """`kubectl get canaries` shows what it showed before, `-o wide` the rest."""
    shown = {kind.name: [column["name"] for column in kind.columns if not column.get("priority")] for kind in KINDS}
    wide = {kind.name: [column["name"] for column in kind.columns if column.get("priority")] for kind in KINDS}

    assert shown["Canary"] == ["Status", "Weight", "LastTransitionTime"]
    assert shown["MetricTemplate"] == ["Provider"]
    assert shown["AlertProvider"] == ["Type"]
    assert wide["Canary"] == [*_WIDE]


def test_flaggers_kinds_stand_among_all_and_have_no_short_names() -> None:
    """`kubectl get all` lists Canaries, as before."""
    flaggers = [kind for kind in KINDS if kind.group == "flagger.app"]

    assert [kind.name for kind in flaggers] == ["Canary", "MetricTemplate", "AlertProvider"]
    assert {kind.definition["spec"]["names"].get("shortNames") for kind in flaggers} == {None}
    assert [kind.definition["spec"]["names"]["categories"] for kind in flaggers] == [["all"]] * 3


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (
            "Canary",
            "spec.targetRef spec.analysis targetRef.apiVersion targetRef.kind targetRef.name autoscalerRef.name "
            "service.port gatewayRefs[].name mirror[].backendRef metrics[].name templateRef.name webhooks[].name "
            "webhooks[].url alerts[].name alerts[].providerRef sessionAffinity.cookieName",
        ),
        ("MetricTemplate", "spec.provider spec.query provider.type secretRef.name"),
        ("AlertProvider", "secretRef.name"),
    ],
)
def test_required_fields_are_flaggers(kind: str, fields: str) -> None:
    """What Flagger's definitions refuse without, ours refuse too; a Canary needs no service."""
    required = set(demanded(schema_of(kind)))

    assert [field for field in fields.split() if not any(path.endswith(f".{field}") for path in required)] == []
    assert ".spec.service" not in required


def test_a_canary_goes_one_way_only() -> None:
    """Iterations, a step or a list of weights; an AlertProvider has an address or a Secret."""
    analysis = schema_of("Canary")["properties"]["spec"]["properties"]["analysis"]
    provider = schema_of("AlertProvider")["properties"]["spec"]

    assert [way["required"][-1] for way in analysis["oneOf"]] == ["iterations", "stepWeight", "stepWeights"]
    assert [way["required"][-1] for way in provider["oneOf"]] == ["address", "secretRef"]


def differences(schema: Json, wanted: Any, path: str) -> Iterator[str]:
    """Fields that only the schema or only Argo's table has, and fields of another type."""
    if isinstance(wanted, list):
        yield from differences(schema.get("items", {}), wanted[0], f"{path}[]")
    elif isinstance(wanted, dict):
        properties = schema.get("properties", {})
        yield from (f"{path}.{name}: not both" for name in {*properties} ^ {*wanted})
        for name in {*properties} & {*wanted}:
            yield from differences(properties[name], wanted[name], f"{path}.{name}")
    elif wanted != "any":
        found = {key: value for key, value in schema.items() if key not in ("description", "format")}
        found |= {"format": schema["format"]} if schema.get("format") == "date-time" else {}
        if found != TYPES[wanted]:
            yield f"{path}: {found} is no {wanted}"


@pytest.mark.parametrize("kind", ARGOS)
def test_the_fields_are_argos(kind: str) -> None:
    """Each field of Argo's tables is in the schema with its type, and no other."""
    properties = schema_of(kind)["properties"]

    assert [*differences({"properties": {part: properties[part] for part in FIELDS[kind]}}, FIELDS[kind], kind)] == []


def test_no_field_of_a_status_is_lost() -> None:
    """A status that uses every field, duration and ALB names too, passes through pruning whole."""
    assert list(pruned(schema_of("Rollout"), {"status": STATUS})) == []
    assert set(leaves(schema_of("Rollout")["properties"]["status"])) <= {*paths(STATUS)}


def demanded(schema: Json, path: str = "") -> Iterator[str]:
    """Paths of the required fields."""
    yield from (f"{path}.{name}" for name in schema.get("required", ()))
    for name, child in schema.get("properties", {}).items():
        yield from demanded(child, f"{path}.{name}")
    if "items" in schema:
        yield from demanded(schema["items"], f"{path}[]")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (
            "Rollout",
            "blueGreen.activeService pingPong.pingService pingPong.pongService replicaProgressThreshold.type "
            "replicaProgressThreshold.value alb.servicePort stickinessConfig.enabled stickinessConfig.durationSeconds "
            "ambassador.mappings traefik.weightedTraefikServiceName apisix.route.name virtualService.name "
            "virtualServices[].name destinationRule.name destinationRule.canarySubsetName "
            "destinationRule.stableSubsetName managedRoutes[].name plugin.name setMirrorRoute.name "
            "setHeaderRoute.match[].headerName setHeaderRoute.match[].headerValue dryRun[].metricName "
            "measurementRetention[].metricName measurementRetention[].limit args[].name "
            "preferredDuringSchedulingIgnoredDuringExecution.weight",
        ),
        ("AnalysisRun", "metrics[].name metrics[].provider status.phase"),
        ("AnalysisTemplate", "metrics[].name metrics[].provider"),
        ("ClusterAnalysisTemplate", "metrics[].name metrics[].provider"),
        (
            "Experiment",
            "templates[].name templates[].selector templates[].template analyses[].name analyses[].templateName",
        ),
    ],
)
def test_required_fields_are_argos(kind: str, fields: str) -> None:
    """What Argo's API server refuses without, ours refuses too."""
    required = set(demanded(schema_of(kind)))

    assert [field for field in fields.split() if not any(path.endswith(f".{field}") for path in required)] == []


def test_nothing_is_required_at_the_top() -> None:
    """A Rollout without strategy, template or selector is stored, and its condition says what is wrong with it."""
    assert [path for path in demanded(schema_of("Rollout")) if path.startswith(".spec") and path.count(".") < 4] == []


def test_short_names_and_scopes_are_argos() -> None:
    """`kubectl get ro` and the others work as before."""
    assert {kind.name: (*kind.short, kind.is_namespaced) for kind in KINDS if kind.group == "argoproj.io"} == {
        "Rollout": ("ro", True),
        "AnalysisRun": ("ar", True),
        "Experiment": ("exp", True),
        "AnalysisTemplate": ("at", True),
        "ClusterAnalysisTemplate": ("cat", False),
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
def test_every_field_is_described(kind: Kind) -> None:
    """`kubectl explain` has a line for each field, of a length that a terminal shows."""
    schema = schema_of(kind.name)
    bare = [child for part in ("spec", "status") for child in schemas(schema["properties"].get(part, {}))]

    assert all(len(child.get("description", "")) <= 120 for child in bare)
    assert [*undescribed(schema["properties"]["spec"])] == []


def undescribed(schema: Json, path: str = "") -> Iterator[str]:
    """Paths of fields without a description."""
    for name, child in schema.get("properties", {}).items():
        if not child.get("description"):
            yield f"{path}.{name}"
        yield from undescribed(child, f"{path}.{name}")
    if "items" in schema:
        yield from undescribed(schema["items"], f"{path}[]")
