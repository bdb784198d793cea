"""Metadata of a role as Argo writes it into ReplicaSets, and as pods get it."""

from copy import deepcopy

from rollouts.dialects.argo.rollout import parse
from rollouts.model import effects as e
from rollouts.model.objects import Create, Json, Modify
from rollouts.model.strategy import PodMetadata
from rollouts.workloads import pods, render
from rollouts.workloads.metadata import PENDING, RECORD, record, recorded
from rollouts.workloads.replicasets import find_new, versions
from tests.unit.workloads.manifests import a_manifest, stored

PREVIEW = PodMetadata({"r": "preview"}, {"note": "<new>"})
ACTIVE = PodMetadata({"r": "active"})
NONE = PodMetadata()


def made(metadata: PodMetadata) -> tuple[Json, Json]:
    """A rollout's object and the ReplicaSet of its template, made with this metadata."""
    manifest = a_manifest()
    rollout = parse(manifest)
    effect = e.CreateVersion(rollout.target, f"shop-{rollout.target}", 0, 1, 1, metadata=metadata)
    change = render(effect, rollout, manifest)
    assert isinstance(change, Create)
    return manifest, change.body


def marked(effect: e.MarkVersion) -> Json:
    """The patch of a ReplicaSet."""
    manifest = a_manifest()
    change = render(effect, parse(manifest), manifest)
    assert isinstance(change, Modify)
    assert (change.ref.kind, change.ref.name) == ("ReplicaSet", effect.name)
    return change.body


def a_pod(**metadata: object) -> Json:
    """A pod of the shop as the server lists it."""
    owner = {"kind": "ReplicaSet", "uid": "rs-uid", "controller": True}
    return {"metadata": {"name": "shop-1", "namespace": "default", "ownerReferences": [owner], **metadata}}


def test_the_record_is_gos_json() -> None:
    """Labels before annotations, keys sorted, no spaces, angle brackets escaped; nothing for nothing."""
    assert record(ACTIVE) == '{"labels":{"r":"active"}}'
    assert record(PREVIEW) == '{"labels":{"r":"preview"},"annotations":{"note":"\\u003cnew\\u003e"}}'
    assert record(NONE) is None


def test_the_record_is_read_back() -> None:
    """What another controller wrote is understood, and what nobody can read counts as nothing."""
    text = record(PREVIEW)
    assert recorded({RECORD: text}) == PREVIEW
    assert recorded({}) is None
    assert recorded({RECORD: "{"}) == NONE
    assert recorded({RECORD: '{"labels":7}'}) == NONE


def test_a_version_is_made_with_its_role() -> None:
    """In its pods' template and in the record; the ReplicaSet's own labels and selector know nothing of it."""
    _, body = made(PREVIEW)

    assert body["spec"]["template"]["metadata"]["labels"]["r"] == "preview"
    assert body["spec"]["template"]["metadata"]["annotations"] == {"note": "<new>"}
    assert body["metadata"]["annotations"][RECORD] == record(PREVIEW)
    assert "r" not in body["metadata"]["labels"]
    assert "r" not in body["spec"]["selector"]["matchLabels"]


def test_a_change_of_role_takes_the_former_keys_out() -> None:
    """As Argo's: the template and the record in one patch, once all is done."""
    assert marked(e.MarkVersion("shop-1", ACTIVE, PREVIEW)) == {
        "metadata": {"annotations": {RECORD: '{"labels":{"r":"active"}}', PENDING: None}},
        "spec": {"template": {"metadata": {"labels": {"r": "active"}, "annotations": {"note": None}}}},
    }


def test_a_change_that_is_begun_keeps_the_record() -> None:
    """The record still says what pods may have; a note of ours says what they get."""
    body = marked(e.MarkVersion("shop-1", NONE, ACTIVE, is_pending=True))

    assert body["metadata"]["annotations"] == {PENDING: "{}"}
    assert body["spec"]["template"]["metadata"] == {"labels": {"r": None}}


def test_an_end_of_all_roles_leaves_no_record() -> None:
    """The annotation goes with the last key."""
    assert marked(e.MarkVersion("shop-1", NONE, ACTIVE))["metadata"]["annotations"] == {RECORD: None, PENDING: None}


def test_a_version_tells_what_was_put_in_and_what_is_being_put_in() -> None:
    """Read from the two annotations."""
    manifest, body = made(ACTIVE)
    body["metadata"]["annotations"][PENDING] = record(PREVIEW)
    (version,) = versions(manifest, [stored(body)])

    assert (version.metadata, version.pending) == (ACTIVE, PREVIEW)


def test_a_version_is_found_by_its_template_in_spite_of_its_role() -> None:
    """What a role put in is no part of the template that the user wrote."""
    manifest, body = made(PREVIEW)
    rs = stored(body)
    rs["metadata"]["labels"]["rollouts-pod-template-hash"] = "older"

    assert find_new(manifest, parse(manifest), [rs]) == rs["metadata"]["name"]


def test_a_label_that_the_user_writes_too_still_tells_templates_apart() -> None:
    """A wrong yes would be an update that never happens."""
    manifest, body = made(PREVIEW)
    rs = stored(body)
    rs["metadata"]["labels"]["rollouts-pod-template-hash"] = "older"
    manifest["spec"]["template"]["metadata"]["labels"]["r"] = "mine"

    assert find_new(manifest, parse(manifest), [rs]) is None


def test_a_pod_gets_just_what_it_lacks() -> None:
    """Other labels stay, former ones go, and a pod that is as wanted is left alone."""
    effect = e.MarkPods("shop-1", ACTIVE, PREVIEW)
    change = pods.mark(effect, a_pod(labels={"app": "shop", "r": "preview"}, annotations={"note": "<new>", "x": "1"}))
    assert change is not None
    assert change.body == {"metadata": {"labels": {"r": "active"}, "annotations": {"note": None}}}
    assert (change.ref.kind, change.ref.namespace, change.ref.name) == ("Pod", "default", "shop-1")

    assert pods.mark(effect, a_pod(labels={"app": "shop", "r": "active"})) is None
    assert pods.mark(effect, a_pod(labels={"r": "preview"}, deletionTimestamp="2026-11-01T12:00:00Z")) is None


def test_a_pod_is_read_with_its_age_and_readiness() -> None:
    """All that a restart asks of it."""
    pod = a_pod(creationTimestamp="2026-11-01T12:00:00Z")
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-01T12:00:05Z"}
    seen = pods.read({**pod, "status": {"conditions": [ready]}}, "shop-1")
    assert (seen.version, seen.is_ready, seen.is_going) == ("shop-1", True, False)
    assert seen.ready_since is not None
    assert (seen.ready_since - seen.created).total_seconds() == 5

    unready = pods.read({**pod, "status": {"conditions": [{**ready, "status": "False"}]}}, "shop-1")
    assert (unready.is_ready, unready.ready_since) == (False, None)
    assert pods.owner_of(pod) == "rs-uid"
    assert pods.owner_of({"metadata": {}}) == ""


def test_rendering_leaves_the_users_manifest_alone() -> None:
    """The manifest is what caches hold."""
    manifest = a_manifest()
    before = deepcopy(manifest)
    rollout = parse(manifest)
    render(e.CreateVersion(rollout.target, "shop-1", 0, 1, 1, metadata=PREVIEW, keeps_off="abc"), rollout, manifest)

    assert manifest == before
