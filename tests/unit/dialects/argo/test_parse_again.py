"""A manifest of the same spec is not parsed anew: only status, annotations and the mark of deletion are read."""

from typing import Any

import pytest

from rollouts.dialects.argo.rollout import parse, parse_again
from rollouts.model.objects import Json
from tests.unit.dialects.argo.test_rollout import a_manifest

STEPS = {"canary": {"steps": [{"setWeight": 5}]}}
BEFORE = a_manifest(STEPS) | {"status": {"currentPodHash": "a", "phase": "Progressing"}}


def changed(**meta: Any) -> Json:
    """The manifest with this metadata, and another status."""
    return {**BEFORE, "metadata": BEFORE["metadata"] | meta, "status": {"currentPodHash": "b", "abort": True}}


@pytest.mark.parametrize(
    "later",
    [
        changed(),
        changed(annotations={"rollout.argoproj.io/revision": "4", "rollout.argoproj.io/workload-generation": "2"}),
        changed(deletionTimestamp="2026-11-01T12:00:00Z"),
        changed() | {"status": {"collisionCount": 1}},
        changed(generation=4) | {"spec": a_manifest({"blueGreen": {"activeService": "x"}})["spec"]},
        changed(uid="another") | {"spec": a_manifest(STEPS, replicas=7)["spec"]},
        a_manifest({"canary": {"trafficRouting": {"maxTrafficWeight": 50}}}),
    ],
    ids=["status", "annotations", "deleted", "collision", "spec", "made anew", "nothing"],
)
def test_the_shorter_way_says_the_same(later: Json) -> None:
    """Whatever changed."""
    later["metadata"].setdefault("generation", 3)
    if later["spec"] != BEFORE["spec"] and later["metadata"]["uid"] == "u":
        later["metadata"] = later["metadata"] | {"generation": 4}

    assert parse_again(later, parse(BEFORE)) == parse(later)


def test_the_template_is_hashed_once() -> None:
    """The values that follow from the spec are the very same ones."""
    known = parse(BEFORE)

    assert parse_again(changed(), known).strategy is known.strategy


def test_a_file_has_no_generation_to_trust() -> None:
    """Manifests that no API server has seen are parsed whole."""
    before, after = (a_manifest(STEPS, replicas=count) for count in (1, 2))
    for manifest in (before, after):
        del manifest["metadata"]["generation"]

    assert parse_again(after, parse(before)).replicas == 2
