"""Whose ReplicaSet is it, by selector and owner."""

from rollouts.model.effects import AdoptVersion, ReleaseVersion
from rollouts.model.objects import Json
from rollouts.model.selectors import selects
from rollouts.model.strategy import Canary
from rollouts.model.workload import Stray
from rollouts.workloads import render
from rollouts.workloads.claims import departed, orphans
from tests.builders.rollouts import a_rollout

SELECTOR: Json = {"matchLabels": {"app": "shop"}}


def a_manifest(selector: Json | None) -> Json:
    """A rollout with this selector."""
    return {"apiVersion": "argoproj.io/v1alpha1", "metadata": {"name": "shop"}, "spec": {"selector": selector}}


def a_set(name: str, **labels: str) -> Json:
    """A ReplicaSet with these labels."""
    return {"metadata": {"name": name, "uid": f"uid-{name}", "labels": labels}}


ALIVE = a_set("alive", **{"app": "shop", "rollouts-pod-template-hash": "a"})


def test_orphans_are_found_by_selector_and_hash() -> None:
    """Other labels, no hash, or a deletion under way: not ours to take."""
    going = a_set("going", **{"app": "shop", "rollouts-pod-template-hash": "b"})
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    others = (a_set("foreign", **{"app": "x", "rollouts-pod-template-hash": "c"}), a_set("plain", app="shop"), going)

    assert orphans(a_manifest(SELECTOR), (ALIVE, *others), selects) == (Stray("alive", "uid-alive"),)


def test_a_selector_of_nothing_takes_nothing() -> None:
    """An empty selector would take everything: it is a mistake, and takes nothing and lets nothing go."""
    nothing: tuple[Json | None, ...] = (None, {}, {"matchLabels": {}})
    for selector in nothing:
        assert orphans(a_manifest(selector), (ALIVE,), selects) == ()
        assert departed(a_manifest(selector), (ALIVE,), selects) == ()


def test_own_ones_go_when_their_labels_change() -> None:
    """What the selector does not find any more is let go."""
    lent = a_set("lent", app="other")

    assert departed(a_manifest(SELECTOR), (ALIVE, lent), selects) == (Stray("lent", "uid-lent"),)


def test_patches_name_the_object_that_was_seen() -> None:
    """The uid in the patch makes the server refuse another object of that name; other owners stay as they are."""
    rollout, manifest = a_rollout(Canary()), a_manifest(SELECTOR)
    adopt = render(AdoptVersion("web", "u1"), rollout, manifest)
    release = render(ReleaseVersion("web", "u1"), rollout, manifest)

    assert adopt.body is not None  # type: ignore[union-attr]  # a Modify
    assert adopt.body["metadata"]["uid"] == "u1"  # type: ignore[union-attr]  # a Modify
    assert adopt.body["metadata"]["ownerReferences"][0]["uid"] == "uid"  # type: ignore[union-attr]  # a Modify
    assert release.body == {  # type: ignore[union-attr]  # a Modify
        "metadata": {"uid": "u1", "ownerReferences": [{"$patch": "delete", "uid": "uid"}]}
    }
