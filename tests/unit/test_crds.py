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
EVERYTHING = yaml.safe_load((Path(__file__).parent / "data" / "everything.yaml").read_text(encoding="utf-8"))


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
    """Subresources are Argo's and Flux's: an autoscaler reads HPAReplicas, an AnalysisRun is written whole."""
    subresources = {kind.name: set(kind.subresources) for kind in KINDS if kind.subresources}

    assert subresources == {
        "Rollout": {"scale", "status"},
        "GitRepository": {"status"},
        "Kustomization": {"status"},
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
