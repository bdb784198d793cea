"""Marks of rollouts that are gone, taken off the objects that they are on."""

from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json, Modify
from rollouts.traffic.registry import PROVIDERS


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


def test_what_is_still_held_is_left_alone() -> None:
    """By any provider."""
    for provider in PROVIDERS.values():
        assert provider.sweep(a_rule(), lambda _namespace, _name: True).changes == ()
