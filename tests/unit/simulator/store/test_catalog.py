"""Definitions: which are refused, and which version comes first."""

import pytest

from rollouts.cluster.port import Json
from rollouts.simulator.store.catalog import Catalog, faults_of_definition
from rollouts.simulator.store.kinds import kinds_of_definition


def _definition(*versions: str) -> Json:
    schema = {"openAPIV3Schema": {"type": "object"}}
    return {
        "metadata": {"name": "toys.a.dev"},
        "spec": {
            "group": "a.dev",
            "scope": "Namespaced",
            "names": {"plural": "toys", "kind": "Toy", "shortNames": ["ty"], "categories": ["all"]},
            "versions": [{"name": version, "served": True, "schema": schema} for version in versions],
        },
    }


def test_stable_versions_are_preferred() -> None:
    """v2 comes before v1, v1 before any beta, betas before alphas, names of no known form last."""
    kinds = kinds_of_definition(_definition("v1alpha1", "odd", "v1beta2", "v1", "v2", "v1beta10"))

    assert [kind.resource.version for kind in kinds] == ["v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "odd"]
    assert [kind.is_preferred for kind in kinds] == [True, False, False, False, False, False]


def test_names_are_taken_over() -> None:
    """Singular, short names and categories come from the definition, the singular by default from the kind."""
    (kind,) = kinds_of_definition(_definition("v1"))

    assert (kind.singular, kind.short_names, kind.categories) == ("toy", ("ty",), ("all",))


def test_what_is_not_served_is_not_there() -> None:
    """A version that is not served cannot be found; one that is replaced goes with its old form."""
    catalog, definition = Catalog(), _definition("v1", "v2")
    catalog.add(definition)
    definition["spec"]["versions"][0]["served"] = False
    catalog.add(definition)

    assert catalog.find("a.dev", "v1", "toys") is None
    assert catalog.find("a.dev", "v2", "toys") is not None
    catalog.drop(definition)
    assert not catalog.serves("a.dev/v2", "Toy")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"group": ""}, "spec.group"),
        ({"names": {"plural": "others", "kind": "Toy"}}, "metadata.name"),
        ({"versions": [{"name": "v1"}]}, "spec.versions[0].schema.openAPIV3Schema"),
    ],
)
def test_broken_definitions_are_told(change: Json, field: str) -> None:
    """A definition without group, schema or matching name has a fault at that field."""
    definition = _definition("v1")

    assert [
        cause.field for cause in faults_of_definition({**definition, "spec": {**definition["spec"], **change}})
    ] == [field]
