"""The copy of a workload: what it takes from its target, and what is its own."""

from copy import deepcopy

import pytest

from rollouts.dialects.flagger.generated import Flags
from rollouts.dialects.flagger.revision import OFF
from rollouts.model import effects as e
from rollouts.model.objects import Json
from tests.builders.copying import PROMOTE, Surroundings, a_config, reading, surroundings
from tests.builders.ticking import a_canary, a_deployment

CREATE = e.CreateCopy("web-primary", 2)
EDITION = "flagger-id"


def a_daemon_set(**spec: object) -> Json:
    """The target as a DaemonSet."""
    target = a_deployment()
    del target["spec"]["replicas"]
    return {**target, "kind": "DaemonSet", "spec": {**target["spec"], **spec}}


def over_daemon_set(target: Json) -> Surroundings:
    """A Canary of DaemonSet web."""
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web"}
    return Surroundings(a_canary(provider="istio", spec={"targetRef": reference}), target)


def test_the_copy_selects_its_own_pods_only() -> None:
    """One label tells them from the target's; everything else of the template is the target's."""
    here = surroundings()

    here.does(CREATE)

    copy = here.the("Deployment", "web-primary")
    assert copy["spec"]["selector"] == {"matchLabels": {"app": "web-primary"}}
    assert copy["spec"]["template"]["metadata"]["labels"] == {"app": "web-primary"}
    assert copy["spec"]["template"]["spec"] == here.the("Deployment", "web")["spec"]["template"]["spec"]
    assert copy["metadata"]["ownerReferences"][0]["kind"] == "Canary"


def test_the_label_of_the_operator_s_choice_tells_them_apart() -> None:
    """The first that the target selects by."""
    target = a_deployment()
    target["spec"]["selector"]["matchLabels"] = {"app": "web", "tier": "front"}
    here = Surroundings(a_canary(provider="istio"), target, flags=Flags(selector_labels=("tier", "app")))

    here.does(CREATE)

    assert here.the("Deployment", "web-primary")["spec"]["selector"] == {"matchLabels": {"tier": "front-primary"}}


def test_marks_of_a_sync_loop_do_not_go_along() -> None:
    """Whoever applies the target would take the copy for his own, and remove it."""
    target = a_deployment()
    target["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/checksum": "1", "note": "x"}
    here = surroundings(target=target)

    here.does(CREATE)

    assert here.the("Deployment", "web-primary")["metadata"]["annotations"] == {"note": "x"}


@pytest.mark.parametrize(
    ("prefixes", "labels"), [((), {}), (("team/",), {"team/a": "1"}), (("*",), {"team/a": "1", "x": "2"})]
)
def test_labels_of_the_object_go_along_by_prefix(prefixes: tuple[str, ...], labels: Json) -> None:
    """None, some or all, as the operator wants."""
    target = a_deployment()
    target["metadata"]["labels"] = {"team/a": "1", "x": "2"}
    here = Surroundings(a_canary(provider="istio"), target, flags=Flags(label_prefixes=prefixes))

    here.does(CREATE)

    assert here.the("Deployment", "web-primary")["metadata"]["labels"] == {**labels, "app": "web-primary"}


def test_a_promotion_takes_the_template_and_what_was_left_out_of_it() -> None:
    """What the target has no more, the copy has no more."""
    here = surroundings(target=reading(serviceAccountName="sa", nodeSelector={"disk": "ssd"}))
    here.does(CREATE)
    here.edits("Deployment", "web", {"spec": {"template": {"spec": {"nodeSelector": None, "priority": 3}}}})

    here.does(PROMOTE)

    pod = here.the("Deployment", "web-primary")["spec"]["template"]["spec"]
    assert pod == {"containers": [{"name": "main"}], "serviceAccountName": "sa", "priority": 3}


def test_a_promotion_takes_the_size_unless_an_autoscaler_has_it() -> None:
    """Two hands on one size would never agree."""
    plain = surroundings()
    reference = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "web"}
    scaled = surroundings(autoscalerRef=reference)
    for here in (plain, scaled):
        here.does(CREATE)
        here.edits("Deployment", "web", {"spec": {"replicas": 7}})
        here.does(PROMOTE)

    sizes = [here.the("Deployment", "web-primary")["spec"]["replicas"] for here in (plain, scaled)]
    assert sizes == [7, 2]


def test_pods_restart_for_changed_configuration_alone() -> None:
    """They may read it only once; the annotation of their template tells which promotion they are of."""
    named = {"name": "main", "envFrom": [{"configMapRef": {"name": "env"}}]}
    here = surroundings(a_config("env"), target=reading(named))
    here.does(CREATE)
    before = here.the("Deployment", "web-primary")["spec"]["template"]["metadata"]["annotations"][EDITION]
    here.edits("ConfigMap", "env", {"data": {"k": "2"}})

    here.does(PROMOTE)

    after = here.the("Deployment", "web-primary")["spec"]["template"]["metadata"]["annotations"][EDITION]
    assert before != after


def test_a_promotion_done_twice_restarts_nothing() -> None:
    """A controller that is killed after it, and does it again, costs nobody a pod."""
    here = surroundings()
    here.begins()
    here.edits("Deployment", "web", {"spec": {"template": {"metadata": {"annotations": {"note": "2"}}}}})

    here.does(PROMOTE)

    assert here.changes(PROMOTE) == ()


def test_rules_that_keep_pods_apart_are_about_the_copy_s_own() -> None:
    """Otherwise its pods would keep off the target's nodes, and crowd together."""
    term = {"labelSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]}}
    spread = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}
    rules = {
        "requiredDuringSchedulingIgnoredDuringExecution": [deepcopy(term)],
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}],
    }
    pod = reading(
        affinity={"podAntiAffinity": deepcopy(rules), "podAffinity": rules}, topologySpreadConstraints=[spread]
    )
    here = surroundings(target=pod)

    here.does(CREATE)

    copied = here.the("Deployment", "web-primary")["spec"]["template"]["spec"]
    apart = copied["affinity"]["podAntiAffinity"]
    required = apart["requiredDuringSchedulingIgnoredDuringExecution"][0]
    preferred = apart["preferredDuringSchedulingIgnoredDuringExecution"][0]["podAffinityTerm"]
    assert required == preferred
    assert required["labelSelector"]["matchExpressions"][0]["values"] == ["web-primary", "db"]
    assert copied["topologySpreadConstraints"][0]["labelSelector"] == {"matchLabels": {"app": "web-primary"}}
    assert copied["affinity"]["podAffinity"] == rules


@pytest.mark.parametrize(("strict", "value"), [(False, "shop-primary"), (True, "shop")])
def test_rules_go_by_the_label_s_value_and_to_the_letter_by_the_target_s_name(strict: bool, value: str) -> None:
    """Where the two differ, Flagger's copy keeps off the nodes of its target."""
    spread = {"labelSelector": {"matchLabels": {"app": "shop"}}}
    target = reading(topologySpreadConstraints=[spread])
    target["spec"]["selector"]["matchLabels"] = {"app": "shop"}
    here = surroundings(target=target, strict=strict)

    here.does(CREATE)

    pod = here.the("Deployment", "web-primary")["spec"]["template"]["spec"]
    assert pod["topologySpreadConstraints"][0]["labelSelector"] == {"matchLabels": {"app": value}}


def test_a_size_is_written_where_it_differs() -> None:
    """An absent one is one pod."""
    here = surroundings()

    assert len(here.does(e.ScaleTarget("web", 0), e.ScaleTarget("web", 0))) == 1
    assert here.the("Deployment", "web")["spec"]["replicas"] == 0


def test_a_daemon_set_is_kept_off_every_node_and_its_copy_is_not() -> None:
    """That is how it scales to zero; the copy made meanwhile runs all the same."""
    here = over_daemon_set(a_daemon_set())
    here.does(e.ScaleTarget("web", 0), CREATE)

    assert here.the("DaemonSet", "web")["spec"]["template"]["spec"]["nodeSelector"] == {OFF: "true"}
    assert "nodeSelector" not in here.the("DaemonSet", "web-primary")["spec"]["template"]["spec"]
    assert "replicas" not in here.the("DaemonSet", "web-primary")["spec"]

    here.does(e.ScaleTarget("web", 1))

    assert here.the("DaemonSet", "web")["spec"]["template"]["spec"]["nodeSelector"] == {}
    assert here.changes(e.ScaleTarget("web", 1)) == ()


def test_of_knative_s_service_a_note_tells_which_revision_serves() -> None:
    """Both versions are in one object; a promotion rewrites the note."""
    reference = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "web"}
    target = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {},
        "status": {},
    }
    here = Surroundings(a_canary(provider="knative", spec={"targetRef": reference}), target)

    assert here.does(CREATE) == ()

    here.edits("Service", "web", {"status": {"latestCreatedRevisionName": "web-1"}})
    here.does(CREATE)
    here.edits("Service", "web", {"status": {"latestCreatedRevisionName": "web-2"}})
    noted = [here.the("Service", "web")["metadata"]["annotations"]["flagger.app/primary-revision"]]
    here.does(PROMOTE)
    noted.append(here.the("Service", "web")["metadata"]["annotations"]["flagger.app/primary-revision"])

    assert noted == ["web-1", "web-2"]


@pytest.mark.parametrize("effect", [CREATE, PROMOTE, e.ScaleTarget("web", 3), e.Tend(e.SERVICES), e.ServeCopy("web")])
def test_without_a_target_nothing_is_made(effect: e.Effect) -> None:
    """Somebody has deleted it in between."""
    here = surroundings()
    del here.world[here.copying.target]

    assert here.changes(effect) == ()
