"""What keeps generated objects from being made, what has drifted, and the finalizer."""

import pytest

from rollouts.dialects.flagger.canary import FINALIZER
from rollouts.model import effects as e
from rollouts.model.objects import Json, Modify
from rollouts.model.snapshot import Obstacles
from rollouts.workloads import twins
from tests.builders.canaries import STRICT
from tests.builders.copying import Surroundings, a_config, reading, surroundings
from tests.builders.ticking import a_deployment

HPA: Json = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "web"}
SECRET: Json = {"name": "main", "envFrom": [{"secretRef": {"name": "absent"}}]}


def a_daemon_set(**spec: object) -> Json:
    """The target as a DaemonSet."""
    return {**a_deployment(), "kind": "DaemonSet", "spec": {**a_deployment()["spec"], **spec}}


def obstacles(here: Surroundings) -> Obstacles:
    """Of the world as it stands."""
    return twins.obstacles(here.copying, here.world)


def test_nothing_stands_in_the_way_of_a_plain_target() -> None:
    """Nor of one that is not there: others say so."""
    here = surroundings()
    assert obstacles(here) == Obstacles()

    del here.world[here.copying.target]
    assert obstacles(here) == Obstacles()


def test_what_another_has_made_is_no_copy() -> None:
    """A Canary that is made anew waits until its forerunner's copy has gone with it; to the letter it takes it."""
    here = surroundings()
    here.begins()
    assert twins.stranger(here.copying, here.world) == ""

    here.edits("Canary", "web", {"metadata": {"uid": "another"}})
    said = "deployment web-primary.shop belongs to another Canary web: waiting for its end"
    assert twins.stranger(here.copying, here.world) == said
    here.edits("Canary", "web", {"metadata": {"annotations": STRICT}})
    assert twins.stranger(here.copying, here.world) == ""


def test_a_copy_that_is_on_its_way_out_is_none() -> None:
    """Somebody deletes it and waits for its pods; another is made after it."""
    here = surroundings()
    here.begins()
    here.edits("Deployment", "web-primary", {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})

    assert twins.stranger(here.copying, here.world) == "deployment web-primary.shop is being deleted"


def test_a_target_has_to_select_by_a_label_that_is_known() -> None:
    """Otherwise its pods and the copy's could not be told apart."""
    target = a_deployment()
    target["spec"]["selector"]["matchLabels"] = {"custom": "web"}
    wanted = "must contain one of [app name app.kubernetes.io/name]"

    said = obstacles(surroundings(target=target)).services
    assert said == f"getSelectorLabel failed: deployment web.shop spec.selector.matchLabels {wanted}"


def test_what_pods_cannot_start_without_has_to_be_there() -> None:
    """Its copy could not be made; an optional one need not be there."""
    said = "secret absent.shop get query error: " * 2
    message = f'createPrimaryDeployment failed: GetTargetConfigs failed: {said}secrets "absent" not found'
    optional = {"name": "main", "envFrom": [{"secretRef": {"name": "absent", "optional": True}}]}

    assert obstacles(surroundings(target=reading(SECRET))).copy == message
    assert obstacles(surroundings(target=reading(optional))).copy == ""
    assert obstacles(surroundings(a_config("absent", "Secret"), target=reading(SECRET))).copy == ""


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        (
            "OnDelete",
            "createPrimaryDaemonSet failed: daemonset web.shop must have RollingUpdate strategy but have OnDelete",
        ),
        ("RollingUpdate", ""),
    ],
)
def test_a_daemon_set_has_to_roll_out_by_itself(strategy: str, said: str) -> None:
    """Otherwise a promotion would never end."""
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web"}
    here = surroundings(target=a_daemon_set(updateStrategy={"type": strategy}), targetRef=reference)

    assert obstacles(here).copy == said


def test_an_autoscaler_that_is_named_has_to_be_there() -> None:
    """Its twin could not be made."""
    said = obstacles(surroundings(autoscalerRef=HPA)).scaler

    missing = 'horizontalpodautoscalers.autoscaling "web" not found'
    assert said == f"HorizontalPodAutoscaler web.shop get query error: {missing}"


def test_what_is_missing_has_drifted() -> None:
    """Services first; a twin only where there is an autoscaler."""
    scaler = {**HPA, "metadata": {"name": "web", "namespace": "shop"}, "spec": {"maxReplicas": 3}}
    here = surroundings({key: value for key, value in scaler.items() if key != "name"}, autoscalerRef=HPA)
    assert twins.drifted(here.copying, here.world) == {e.SERVICES, e.SCALER}
    assert not twins.is_served(here.copying, here.world)

    here.begins()

    assert twins.drifted(here.copying, here.world) == frozenset()
    assert twins.is_served(here.copying, here.world)


def test_the_finalizer_is_put_on_and_off_beside_others() -> None:
    """Each write replaces the list, so it stands on the version that was read."""
    here = surroundings()
    here.edits("Canary", "web", {"metadata": {"finalizers": ["other"], "resourceVersion": "7"}})

    here.does(e.HoldBack(is_held=True), e.HoldBack(is_held=True))
    assert here.the("Canary", "web")["metadata"]["finalizers"] == ["other", FINALIZER]

    (change,) = here.does(e.HoldBack(is_held=False))
    assert here.the("Canary", "web")["metadata"]["finalizers"] == ["other"]
    assert isinstance(change, Modify)
    assert change.version == "7"


@pytest.mark.parametrize("effect", [e.SetRevision(1), e.Tend(e.ROUTE)])
def test_effects_about_something_else_are_refused(effect: e.Effect) -> None:
    """Routes have their own renderers."""
    with pytest.raises(ValueError, match="not about a target"):
        surroundings().changes(effect)
