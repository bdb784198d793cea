"""The autoscaler of the copy, and the user's own while the target rests."""

from typing import Any

import pytest

from rollouts.model import effects as e
from rollouts.model.objects import Json
from rollouts.workloads.scalers import PAUSED, about_copy
from tests.builders.copying import Surroundings, surroundings

HPA: Json = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "web"}
KEDA: Json = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "web"}
TEND, MATCH = e.Tend(e.SCALER), e.MatchScaler("web")
HOLD, FREE = e.HoldScaler("web", is_held=True), e.HoldScaler("web", is_held=False)


def a_scaler(reference: Json, spec: Json, **metadata: Any) -> Json:
    """The user's autoscaler of web."""
    meta = {"name": "web", "namespace": "shop", **metadata}
    body = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, **spec}
    return {"apiVersion": reference["apiVersion"], "kind": reference["kind"], "metadata": meta, "spec": body}


def scaled(reference: Json, spec: Json, *, strict: bool = False, **overrides: Any) -> Surroundings:
    """A Canary whose target has this autoscaler."""
    scaler = a_scaler(reference, spec, labels={"team": "a"})
    return surroundings(scaler, strict=strict, autoscalerRef={**reference, **overrides})


def triggered(*queries: str) -> Json:
    """A spec of KEDA's with these queries, named a, b, c."""
    named = zip("abc", queries, strict=False)
    return {"triggers": [{"type": "prometheus", "name": name, "metadata": {"query": query}} for name, query in named]}


def test_the_twin_scales_the_copy_within_the_same_bounds() -> None:
    """By the same metrics, with the same labels."""
    here = scaled(HPA, {"minReplicas": 2, "maxReplicas": 5, "metrics": [{"type": "Resource"}]})

    here.does(TEND)

    twin = here.the("HorizontalPodAutoscaler", "web-primary")
    assert twin["spec"]["scaleTargetRef"] == {"kind": "Deployment", "name": "web-primary"}
    assert (twin["spec"]["minReplicas"], twin["spec"]["maxReplicas"]) == (2, 5)
    assert twin["metadata"]["labels"] == {"team": "a"}
    assert here.changes(TEND) == ()


@pytest.mark.parametrize(
    ("reference", "fields"),
    [(HPA, ("minReplicas", "maxReplicas")), (KEDA, ("minReplicaCount", "maxReplicaCount"))],
)
def test_the_twin_may_have_bounds_of_its_own(reference: Json, fields: tuple[str, str]) -> None:
    """The version that serves needs more pods than one on trial."""
    bounds = {"minReplicas": 3, "maxReplicas": 12}
    here = scaled(reference, dict.fromkeys(fields, 1), primaryScalerReplicas=bounds)

    here.does(TEND)

    spec = here.the(reference["kind"], "web-primary")["spec"]
    assert [spec[field] for field in fields] == [3, 12]


def test_the_twin_changes_with_a_promotion_only() -> None:
    """As the template does."""
    here = scaled(HPA, {"maxReplicas": 5})
    here.does(TEND)
    here.edits("HorizontalPodAutoscaler", "web", {"spec": {"maxReplicas": 9}})

    here.does(TEND)
    assert here.the("HorizontalPodAutoscaler", "web-primary")["spec"]["maxReplicas"] == 5

    here.does(MATCH)
    assert here.the("HorizontalPodAutoscaler", "web-primary")["spec"]["maxReplicas"] == 9


@pytest.mark.parametrize(("strict", "team"), [(False, "b"), (True, "a")])
def test_e15_labels_follow_too_and_to_the_letter_stay_behind(strict: bool, team: str) -> None:
    """Flagger computes them and forgets to write them."""
    here = scaled(HPA, {"maxReplicas": 5}, strict=strict)
    here.does(TEND)
    here.edits("HorizontalPodAutoscaler", "web", {"metadata": {"labels": {"team": "b"}}})

    here.does(MATCH)

    assert here.the("HorizontalPodAutoscaler", "web-primary")["metadata"]["labels"] == {"team": team}


def test_the_name_that_keda_writes_on_its_objects_is_not_copied() -> None:
    """It writes each one's own, and would be contradicted at every promotion."""
    here = scaled(KEDA, triggered("up"))
    here.edits("ScaledObject", "web", {"metadata": {"labels": {"scaledobject.keda.sh/name": "web"}}})
    here.does(TEND)
    here.edits("ScaledObject", "web-primary", {"metadata": {"labels": {"scaledobject.keda.sh/name": "web-primary"}}})

    assert here.changes(MATCH) == ()


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("sum(web)", "sum(web-primary)"),
        ('x{svc="web-canary"}', 'x{svc="web-primary"}'),
        ('x{pod=~"web-.*"}', 'x{pod=~"web-primary-.*"}'),
        ('x{svc="web-primary"}', 'x{svc="web-primary"}'),
        ("website_hits", "website_hits"),
    ],
)
def test_queries_about_the_target_are_asked_about_the_copy(query: str, asked: str) -> None:
    """By its name, or its Service's; asking twice is asking once."""
    copying = surroundings().copying

    assert about_copy(query, copying) == asked
    assert about_copy(asked, copying) == asked


def test_queries_of_the_user_s_go_by_the_trigger_s_name() -> None:
    """With any, no other is rewritten."""
    here = scaled(KEDA, triggered("sum(web)", "max(web)"), primaryScalerQueries={"a": "own"})

    here.does(TEND)

    triggers = here.the("ScaledObject", "web-primary")["spec"]["triggers"]
    assert [trigger["metadata"]["query"] for trigger in triggers] == ["own", "max(web)"]


def test_the_autoscaler_that_keda_makes_gets_another_name() -> None:
    """Two of one name would be one."""
    here = scaled(KEDA, {"advanced": {"horizontalPodAutoscalerConfig": {"name": "mine"}}})

    here.does(TEND)

    advanced = here.the("ScaledObject", "web-primary")["spec"]["advanced"]
    assert advanced == {"horizontalPodAutoscalerConfig": {"name": "mine-primary"}}


def test_keda_is_paused_while_the_target_rests() -> None:
    """It would start pods again that nobody wants; the twin goes on."""
    here = scaled(KEDA, triggered("up"))
    here.does(HOLD, TEND)

    assert here.the("ScaledObject", "web")["metadata"]["annotations"] == {PAUSED: "0"}
    assert "annotations" not in here.the("ScaledObject", "web-primary")["metadata"]
    assert here.changes(HOLD) == ()

    here.does(FREE)

    assert here.the("ScaledObject", "web")["metadata"]["annotations"] == {}
    assert here.changes(FREE) == ()


@pytest.mark.parametrize("effect", [HOLD, FREE])
def test_kubernetes_own_autoscaler_needs_no_pause(effect: e.Effect) -> None:
    """It leaves what has no pods alone."""
    assert scaled(HPA, {"maxReplicas": 5}).changes(effect) == ()


@pytest.mark.parametrize("effect", [TEND, MATCH, HOLD])
def test_without_an_autoscaler_there_is_no_twin(effect: e.Effect) -> None:
    """Neither where the manifest names none, nor where it is not there."""
    assert surroundings().changes(effect) == ()
    assert surroundings(autoscalerRef=KEDA).changes(effect) == ()
