"""The rule that keeps pods of a new version off the nodes of stable ones."""

import pytest

from rollouts.dialects.argo.rollout import parse
from rollouts.model import effects as e
from rollouts.model.objects import Create, Json, Modify
from rollouts.workloads import render
from rollouts.workloads.affinity import bare, keeps_off
from rollouts.workloads.replicasets import find_new, versions
from tests.unit.workloads.manifests import a_manifest, stored

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
HARD: Json = {REQUIRED: {}}
SOFT: Json = {PREFERRED: {"weight": 40}}
OWN_TERM: Json = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "zone"}
OWN: Json = {"nodeAffinity": {}, "podAntiAffinity": {REQUIRED: [OWN_TERM]}}


def a_term(stable: str) -> Json:
    """The term that names this stable version."""
    expression = {"key": "rollouts-pod-template-hash", "operator": "In", "values": [stable]}
    return {"labelSelector": {"matchExpressions": [expression]}, "topologyKey": "kubernetes.io/hostname"}


def made(manifest: Json, stable: str = "abc") -> Json:
    """The ReplicaSet of its template, beside a stable version."""
    rollout = parse(manifest)
    effect = e.CreateVersion(rollout.target, f"shop-{rollout.target}", 0, 1, 1, keeps_off=stable)
    change = render(effect, rollout, manifest)
    assert isinstance(change, Create)
    return change.body


def placed(manifest: Json, stable: str) -> Json:
    """What is patched into a template's affinity."""
    change = render(e.PlaceVersion("shop-1", stable), parse(manifest), manifest)
    assert isinstance(change, Modify)
    affinity: Json = change.body["spec"]["template"]["spec"]["affinity"]
    return affinity


def test_a_required_rule_keeps_off_the_nodes_of_the_stable_version() -> None:
    """Rather no pod than one beside a stable one; what the user wrote stays before it."""
    affinity = made(a_manifest(OWN, antiAffinity=HARD))["spec"]["template"]["spec"]["affinity"]

    assert affinity == {"nodeAffinity": {}, "podAntiAffinity": {REQUIRED: [OWN_TERM, a_term("abc")]}}


def test_a_preferred_rule_has_its_weight() -> None:
    """Where it can be had."""
    affinity = made(a_manifest(antiAffinity=SOFT))["spec"]["template"]["spec"]["affinity"]

    assert affinity == {"podAntiAffinity": {PREFERRED: [{"weight": 40, "podAffinityTerm": a_term("abc")}]}}


def test_without_a_stable_version_there_is_no_rule() -> None:
    """The first version may run anywhere."""
    assert "affinity" not in made(a_manifest(antiAffinity=HARD), stable="")["spec"]["template"]["spec"]


@pytest.mark.parametrize("wish", [HARD, SOFT])
@pytest.mark.parametrize("own", [None, OWN, {"nodeAffinity": {}}])
def test_the_rule_is_known_again_and_leaves_no_trace(wish: Json, own: Json | None) -> None:
    """A live template without it is the one that the user wrote."""
    manifest = a_manifest(own, antiAffinity=wish)
    body = made(manifest)
    assert keeps_off(body["spec"]["template"]) == "abc"
    assert bare(body["spec"]["template"])["spec"] == manifest["spec"]["template"]["spec"]

    rs = stored(body)
    (version,) = versions(manifest, [rs])
    assert version.keeps_off == "abc"
    rs["metadata"]["labels"]["rollouts-pod-template-hash"] = "older"
    assert find_new(manifest, parse(manifest), [rs]) == version.name


def test_a_mended_rule_names_the_present_stable_version() -> None:
    """A patch that leaves nothing of the former rule."""
    assert placed(a_manifest(OWN, antiAffinity=HARD), "xyz") == {
        "nodeAffinity": {},
        "podAntiAffinity": {REQUIRED: [OWN_TERM, a_term("xyz")], PREFERRED: None},
    }


def test_a_rule_that_is_not_wanted_any_more_goes() -> None:
    """With all that it alone was in."""
    assert placed(a_manifest(OWN), "") == {
        "nodeAffinity": {},
        "podAntiAffinity": {REQUIRED: [OWN_TERM], PREFERRED: None},
    }
    assert placed(a_manifest({"nodeAffinity": {}}), "") == {"nodeAffinity": {}, "podAntiAffinity": None}
    assert placed(a_manifest(), "") is None


def test_rules_of_users_are_not_taken_for_ours() -> None:
    """They select by labels of their own."""
    assert keeps_off({"spec": {"affinity": OWN}}) == ""
    assert keeps_off({"spec": {"affinity": {"podAntiAffinity": {REQUIRED: [{"topologyKey": "zone"}]}}}}) == ""
