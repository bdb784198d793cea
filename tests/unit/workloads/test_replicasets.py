"""ReplicaSets as Argo makes and reads them."""

from datetime import UTC, datetime, timedelta

from rollouts.dialects.argo.rollout import parse
from rollouts.model import effects as e
from rollouts.model.objects import Create, Json, Modify, Ref, Remove
from rollouts.workloads import render
from rollouts.workloads.replicasets import find_new, versions

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def a_manifest(**metadata: object) -> Json:
    """A Rollout as the API server gives it."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "shop", "namespace": "default", "uid": "ro-uid", **metadata},
        "spec": {
            "selector": {"matchLabels": {"app": "shop"}},
            "minReadySeconds": 5,
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {"containers": [{"name": "shop", "image": "shop:v1"}]},
            },
            "strategy": {"canary": {}},
        },
    }


def made(manifest: Json) -> Json:
    """The ReplicaSet of its present template."""
    rollout = parse(manifest)
    effect = e.CreateVersion(rollout.target, f"shop-{rollout.target}", replicas=0, desired=1, revision=3)
    change = render(effect, rollout, manifest)
    assert isinstance(change, Create)
    return change.body


def test_a_created_replica_set_carries_argos_marks() -> None:
    """Name, hash label in three places, revision, size of the rollout, owner; and no foreign bookkeeping."""
    last_applied = "kubectl.kubernetes.io/last-applied-configuration"
    body = made(a_manifest(annotations={"team": "a", last_applied: "{}", "rollout.argoproj.io/revision": "2"}))
    hash_ = body["metadata"]["labels"]["rollouts-pod-template-hash"]

    assert body["metadata"]["name"] == f"shop-{hash_}"
    assert body["spec"]["selector"]["matchLabels"] == {"app": "shop", "rollouts-pod-template-hash": hash_}
    assert body["spec"]["template"]["metadata"]["labels"]["rollouts-pod-template-hash"] == hash_
    assert body["spec"]["minReadySeconds"] == 5
    assert body["metadata"]["annotations"] == {
        "team": "a",
        "rollout.argoproj.io/desired-replicas": "1",
        "rollout.argoproj.io/revision": "3",
    }
    assert body["metadata"]["ownerReferences"][0]["uid"] == "ro-uid"
    assert body["metadata"]["ownerReferences"][0]["controller"] is True


def test_the_users_manifest_is_not_changed_by_rendering() -> None:
    """What caches hold is never edited in place."""
    manifest = a_manifest()
    made(manifest)

    assert manifest == a_manifest()


def test_the_new_version_is_found_by_hash_or_by_template() -> None:
    """A ReplicaSet that another program named is adopted when its template is ours plus defaults."""
    manifest = a_manifest()
    own = made(manifest)
    adopted = made(manifest)
    adopted["metadata"]["labels"]["rollouts-pod-template-hash"] = "older"
    adopted["metadata"]["name"] = "shop-older"
    adopted["spec"]["template"]["spec"]["restartPolicy"] = "Always"

    assert find_new(manifest, parse(manifest), [own]) == own["metadata"]["name"]
    assert find_new(manifest, parse(manifest), [adopted]) == "shop-older"
    assert find_new(manifest, parse(manifest), []) is None


def test_a_template_that_lost_a_field_is_a_new_version() -> None:
    """What the user took away is an update like any other, not a default of the ReplicaSet before."""
    before = a_manifest()
    before["spec"]["template"]["spec"]["containers"][0]["livenessProbe"] = {"exec": {"command": ["false"]}}
    after = a_manifest()

    assert find_new(after, parse(after), [made(before)]) is None


def test_replica_sets_are_read_as_versions() -> None:
    """Counts, revision, history, deadline and failure of a live ReplicaSet."""
    body = made(a_manifest())
    body["metadata"]["annotations"] |= {
        "scale-down-deadline": "2026-11-01T12:00:30Z",
        "rollout.argoproj.io/revision-history": "1,2",
    }
    body["spec"]["replicas"] = 4
    body["status"] = {
        "replicas": 4,
        "readyReplicas": 3,
        "availableReplicas": 2,
        "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}],
    }

    (version,) = versions(a_manifest(), [body])

    assert (version.replicas, version.current, version.ready, version.available) == (4, 4, 3, 2)
    assert version.scale_down_at == NOON + timedelta(seconds=30)
    assert version.former_revisions == (1, 2)
    assert version.failure == ("FailedCreate", "quota")


def test_foreign_and_dying_replica_sets_are_no_versions() -> None:
    """What another controller owns, or what is being deleted, does not count."""
    foreign, dying = made(a_manifest()), made(a_manifest())
    foreign["metadata"]["ownerReferences"][0]["uid"] = "other"
    dying["metadata"]["deletionTimestamp"] = "2026-11-01T12:00:00Z"

    assert versions(a_manifest(), [foreign, dying]) == ()


def test_effects_become_small_patches() -> None:
    """Each effect touches only its own fields."""
    manifest = a_manifest()
    rollout = parse(manifest)
    ref = Ref("apps/v1", "ReplicaSet", "default", "x")
    desired = {"rollout.argoproj.io/desired-replicas": "4"}

    assert render(e.ScaleVersion("x", 2, 4), rollout, manifest) == Modify(
        ref, {"metadata": {"annotations": desired}, "spec": {"replicas": 2}}
    )
    assert render(e.ScaleVersion("x", 0, 4, keeps_delay=False), rollout, manifest) == Modify(
        ref, {"metadata": {"annotations": desired | {"scale-down-deadline": None}}, "spec": {"replicas": 0}}
    )
    assert render(e.DelayScaleDown("x", NOON), rollout, manifest) == Modify(
        ref, {"metadata": {"annotations": {"scale-down-deadline": "2026-11-01T12:00:00Z"}}}
    )
    assert render(e.DeleteVersion("x"), rollout, manifest) == Remove(ref, propagation="Background")
    assert render(e.PointService("stable", "abc"), rollout, manifest) == Modify(
        Ref("v1", "Service", "default", "stable"),
        {
            "metadata": {"annotations": {"argo-rollouts.argoproj.io/managed-by-rollouts": "shop"}},
            "spec": {"selector": {"rollouts-pod-template-hash": "abc"}},
        },
        is_strategic=True,
    )


def test_copies_of_the_rollout_follow_it() -> None:
    """Another annotation or minReadySeconds dates a version; the patch brings both, and keeps what is not copied."""
    body = made(a_manifest(annotations={"team": "a"}))
    body["metadata"] |= {"uid": "rs-uid", "creationTimestamp": "2026-11-01T12:00:00Z"}
    later = a_manifest(annotations={"team": "b", "rollout.argoproj.io/revision": "3"})
    longer = a_manifest(annotations={"team": "a"})
    longer["spec"]["minReadySeconds"] = 9

    assert not versions(a_manifest(annotations={"team": "a"}), [body])[0].is_dated
    assert versions(later, [body])[0].is_dated
    assert versions(longer, [body])[0].is_dated
    assert render(e.RefreshVersion("shop-1"), parse(later), later) == Modify(
        Ref("apps/v1", "ReplicaSet", "default", "shop-1"),
        {"metadata": {"annotations": {"team": "b"}}, "spec": {"minReadySeconds": 5}},
    )
