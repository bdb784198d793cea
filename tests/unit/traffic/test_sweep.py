"""Marks of rollouts that are gone, taken off the objects that they are on."""

import json

import pytest

from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json, Modify
from rollouts.traffic.albactions import MANAGED
from rollouts.traffic.registry import PROVIDERS

ALB = "alb.ingress.kubernetes.io"


def a_rule() -> Json:
    """A DestinationRule that the rollout `web` has led to its versions."""
    subsets = [
        {"name": "canary", "labels": {"app": "web", HASH_LABEL: "aaa"}},
        {"name": "try", "labels": {HASH_LABEL: "eee"}},
        {"name": "other", "labels": {"app": "other"}},
    ]
    meta = {"name": "web", "namespace": "shop", "resourceVersion": "3", "annotations": {MANAGED_BY: "web", "x": "y"}}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "DestinationRule",
        "metadata": meta,
        "spec": {"host": "web", "subsets": subsets},
    }


def test_a_destination_rule_is_freed_once_its_rollout_is_gone() -> None:
    """No mark, no version, no subset of an experiment; the rest is as it was."""
    (change,) = PROVIDERS["istio"].sweep(a_rule(), lambda namespace, name: (namespace, name) != ("shop", "web")).changes

    assert isinstance(change, Modify)
    assert change.version == "3"
    left = [{"name": "canary", "labels": {"app": "web"}}, {"name": "other", "labels": {"app": "other"}}]
    assert change.body == {"metadata": {"annotations": {MANAGED_BY: None}}, "spec": {"subsets": left}}


def an_ingress() -> Json:
    """An Ingress in which the rollouts `web` and `shop` have written."""
    action = '{"Type":"forward","ForwardConfig":{"TargetGroups":[%s]}}'
    group = '{"ServiceName":"%s","ServicePort":"80","Weight":%d}'
    marks = {
        f"{ALB}/actions.web": action % ",".join([group % ("new", 20), group % ("try", 5), group % ("old", 75)]),
        f"{ALB}/actions.beta": action % (group % ("new", 100)),
        f"{ALB}/conditions.beta": "[]",
        f"{ALB}/scheme": "internal",
        MANAGED: json.dumps(
            {"shop": ["x"], "web": [f"{ALB}/{key}" for key in ("actions.web", "actions.beta", "conditions.beta")]}
        ),
    }
    paths = [{"path": "/", "backend": {"service": {"name": name}}} for name in ("beta", "web")]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop", "annotations": marks},
        "spec": {"rules": [{"http": {"paths": paths}}]},
    }


def test_an_ingress_is_freed_once_its_rollout_is_gone() -> None:
    """ALB: no header route, no entry in the list of whose is which, all traffic to stable; others' stay."""
    (change,) = PROVIDERS["alb"].sweep(an_ingress(), lambda _namespace, name: name != "web").changes

    assert isinstance(change, Modify)
    marks = change.body["metadata"]["annotations"]
    groups = json.loads(marks.pop(f"{ALB}/actions.web"))["ForwardConfig"]["TargetGroups"]
    assert [(group["ServiceName"], group["Weight"]) for group in groups] == [("new", 0), ("old", 100)]
    assert marks == {f"{ALB}/actions.beta": None, f"{ALB}/conditions.beta": None, MANAGED: '{"shop":["x"]}'}
    assert change.body["spec"]["rules"] == [
        {"http": {"paths": [{"path": "/", "backend": {"service": {"name": "web"}}}]}}
    ]


@pytest.mark.parametrize("written", ["{", "null", "nonsense"])
def test_a_list_that_cannot_be_read_is_left_alone(written: str) -> None:
    """Nobody knows whose the annotations are."""
    ingress = an_ingress()
    ingress["metadata"]["annotations"][MANAGED] = written

    assert PROVIDERS["alb"].sweep(ingress, lambda _namespace, _name: False).changes == ()


def test_an_action_that_somebody_has_broken_stays_broken() -> None:
    """It is not guessed at; the rest goes."""
    ingress = an_ingress()
    ingress["metadata"]["annotations"][f"{ALB}/actions.web"] = "{"
    (change,) = PROVIDERS["alb"].sweep(ingress, lambda _namespace, name: name != "web").changes

    assert isinstance(change, Modify)
    assert f"{ALB}/actions.web" not in change.body["metadata"]["annotations"]


def test_what_is_still_held_is_left_alone() -> None:
    """By any provider."""
    for provider in PROVIDERS.values():
        for obj in (a_rule(), an_ingress()):
            assert provider.sweep(obj, lambda _namespace, _name: True).changes == ()
