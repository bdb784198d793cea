"""The list of what a status may hold: it fits all of Argo's own, and tells what does not fit."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from rollouts.cluster.port import Json
from tests.builders.manifests import a_rollout, canary
from tests.scenarios import takeover
from tests.scenarios.embedded import CRDS, play
from tests.scenarios.stage import Stage
from tests.scenarios.statuses import TYPES, faults_of, shape_of


def test_argos_own_statuses_fit() -> None:
    """Every status that Argo wrote or read in the golden data is one by the list."""
    written = [case["output"]["rolloutStatusAfter"] for case in takeover.cases()]
    read = [takeover.case_rollout(case).get("status") or {} for case in takeover.cases()]

    assert {fault for status in (*written, *read) for fault in faults_of(status)} == set()


def test_the_definition_keeps_every_field() -> None:
    """Our CustomResourceDefinition has every field of the list, so that none is lost on its way."""
    definition = yaml.safe_load((CRDS / "rollouts.yaml").read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]

    assert list(lost(TYPES, schema, "status")) == []


def lost(types: Any, schema: Json, path: str) -> Iterator[str]:
    """The fields of the list that a schema does not have."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    match types:
        case dict():
            for name, inner in types.items():
                if name not in schema.get("properties", {}):
                    yield f"{path}.{name}"
                else:
                    yield from lost(inner, schema["properties"][name], f"{path}.{name}")
        case [inner]:
            yield from lost(inner, schema.get("items", {}), f"{path}[]")
        case _:
            pass


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ({"observedGeneration": 3}, "status.observedGeneration is 3, no str"),
        ({"replicas": True}, "status.replicas is True, no int"),
        ({"abortedAt": "yesterday"}, "status.abortedAt is 'yesterday', no datetime"),
        ({"pauseConditions": {}}, "status.pauseConditions is no list"),
        ({"pauseConditions": [{"reason": 1}]}, "status.pauseConditions[0].reason is 1, no str"),
        ({"canary": "x"}, "status.canary is no object"),
        ({"canary": {"weights": {"canary": {"weight": "5"}}}}, "status.canary.weights.canary.weight is '5', no int"),
        ({"sluice": 1}, "status.sluice is no field of Argo's"),
    ],
)
def test_what_does_not_fit_is_told(status: Json, fault: str) -> None:
    """Wrong types and unknown fields are named by their path."""
    assert list(faults_of(status)) == [fault]


def test_a_scenario_fails_by_a_status_that_does_not_fit() -> None:
    """Every status that a stage sees is looked at; one that Argo could not read fails the scenario at its end."""

    async def story(stage: Stage) -> None:
        await stage.apply(a_rollout(canary(), replicas=1))
        await stage.healthy()
        await stage.patch({"status": {"restartedAt": "2026-01-01T01:00:00+01:00"}}, subresource="status")

    with pytest.raises(AssertionError, match=r"stage/web: status\.restartedAt is '2026-01-01T01:00:00\+01:00', no da"):
        play(story, "stage")


def test_a_shape_is_every_field_with_its_type() -> None:
    """Items of a list count as one, empty objects as nothing."""
    assert shape_of({"a": {"b": 1}, "c": [{"d": "x"}, {"d": "y"}], "e": {}}) == {(".a.b", "int"), (".c[].d", "str")}
