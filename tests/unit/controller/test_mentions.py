"""The index of who names what, and what is wrong with what is named."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rollouts.cluster.port import Json
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.mentions import Mentions, mentioned_by
from rollouts.controller.references import service_faults, service_ref
from rollouts.dialects.argo.rollout import parse
from rollouts.model.objects import Ref
from tests.unit.controller.stories import a_routed_canary, a_service

REFS = [Ref("v1", "Service", "shop", name) for name in "abcd"]
KEYS = [Key("rollouts", "shop", name) for name in "xyz"]
CHANGES = st.lists(st.tuples(st.sampled_from(KEYS), st.sets(st.sampled_from(REFS))), max_size=20)


def a_manifest() -> Json:
    """A canary that names Services, a route and templates."""
    analysis = {"templates": [{"templateName": "a"}, {"templateName": "b", "clusterScope": True}]}
    return a_routed_canary({"analysis": analysis}, analysis={"templates": [{"templateName": "c"}]})[-1]


@given(changes=CHANGES)
def test_the_index_says_what_was_said_last(changes: list[tuple[Key, set[Ref]]]) -> None:
    """However often a rollout changes whom it names."""
    mentions, truth = Mentions(), dict[Key, set[Ref]]()
    for key, refs in changes:
        mentions.update(key, refs)
        truth[key] = refs

    for ref in REFS:
        assert mentions.of(ref) == tuple(sorted(key for key, refs in truth.items() if ref in refs))


def test_a_rollout_names_its_services_its_route_and_its_templates() -> None:
    """All that its round has to look at."""
    found = {(ref.kind, ref.namespace, ref.name) for ref in mentioned_by(parse(a_manifest()))}

    assert found == {
        ("Service", "shop", "web-stable"),
        ("Service", "shop", "web-canary"),
        ("HTTPRoute", "shop", "web"),
        ("AnalysisTemplate", "shop", "a"),
        ("AnalysisTemplate", "shop", "c"),
        ("ClusterAnalysisTemplate", "", "b"),
    }


def faults(**service: Any) -> list[str]:
    """What is wrong when the stable Service is so."""
    manifest = a_manifest()
    rollout = parse(manifest)
    stable = a_service("web-stable") | {"spec": {"selector": {"app": "web"}}}
    stable["metadata"] |= service.get("metadata", {})
    stable["spec"] |= service.get("spec", {})
    objects = {
        service_ref(rollout, "web-stable"): stable,
        service_ref(rollout, "web-canary"): None if service.get("no_canary") else a_service("web-canary"),
    }
    return [str(fault) for fault in service_faults(rollout, manifest, objects)]


def test_services_that_fit_are_no_fault() -> None:
    """The hash that the controller puts into a selector is none of the template's labels."""
    assert faults(spec={"selector": {"app": "web", "rollouts-pod-template-hash": "abc"}}) == []


def test_a_missing_service_is_a_fault() -> None:
    """With the field that names it."""
    assert faults(no_canary=True) == [
        'spec.strategy.canary.canaryService: Invalid value: "web-canary": service "web-canary" not found'
    ]


def test_a_service_for_other_pods_is_a_fault() -> None:
    """It would lead nowhere."""
    path = "spec.strategy.canary.stableService"

    assert faults(spec={"selector": {"app": "other"}}) == [
        f'{path}: Invalid value: "web-stable": Service "web-stable" has unmatch label "app" in rollout'
    ]


def test_a_service_of_another_rollout_is_a_fault() -> None:
    """Two rollouts would fight for its selector."""
    owner = {"annotations": {"argo-rollouts.argoproj.io/managed-by-rollouts": "other"}}
    path = "spec.strategy.canary.stableService"

    assert faults(metadata=owner) == [
        f'{path}: Invalid value: "web-stable": Service "web-stable" is managed by another Rollout'
    ]


def test_what_is_named_no_more_comes_in_the_order_in_which_it_was_named() -> None:
    """Whoever is woken for it is woken in the same order in every process, or no simulation could be seen again."""
    mentions, key = Mentions(), Key("rollouts", "shop", "web")
    services = [Ref("v1", "Service", "shop", name) for name in ("stable", "canary", "active", "preview")]
    mentions.update(key, services)

    assert mentions.update(key, services[1:2]) == (services[0], services[2], services[3])
