"""A stock kubectl against the front: what users of the demo type first."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Patch, PatchType, Target
from tests.builders.kubectl import Kubectl, manifest, shop

ROLLOUT = Target(ROLLOUTS, "web", "default")


def rollout(name: str = "web", **spec: Any) -> dict[str, Any]:
    """A Rollout of one container."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}
    named = {"apiVersion": ROLLOUTS.api_version, "kind": "Rollout", "metadata": {"name": name}}
    whole = {
        "replicas": 2,
        "selector": {"matchLabels": {"app": name}},
        "template": template,
        "strategy": {"canary": {}},
    }
    return {**named, "spec": {**whole, **spec}}


def pod(name: str = "web-1") -> dict[str, Any]:
    """A pod of one container."""
    spec = {"containers": [{"name": "main", "image": "web:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


async def made(kubectl: Kubectl, *objects: dict[str, Any]) -> None:
    """Create objects past kubectl."""
    for obj in objects:
        resource = next(
            kind.resource
            for kind in kubectl.store.definitions
            if (kind.resource.api_version, kind.resource.kind) == (obj["apiVersion"], obj["kind"])
        )
        target = Target(resource, obj["metadata"]["name"], "default")
        await kubectl.store.patch(target, Patch(PatchType.APPLY, obj, manager="test"))


async def set_status(kubectl: Kubectl, target: Target, status: dict[str, Any]) -> None:
    """Write a status past kubectl."""
    at = Target(target.resource, target.name, target.namespace, "status")
    await kubectl.store.patch(at, Patch(PatchType.MERGE, {"status": status}))


async def test_get_shows_our_columns(tmp_path: Path) -> None:
    """`kubectl get` prints the columns of the definition, ages included."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        await set_status(kubectl, ROLLOUT, {"replicas": 2, "updatedReplicas": 1, "availableReplicas": 2})
        kubectl.clock.moment += timedelta(seconds=200)
        head, row = await kubectl.rows("get", "ro")

    assert head == ["NAME", "DESIRED", "CURRENT", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row == ["web", "2", "2", "1", "2", "3m20s"]


async def test_get_prints_objects(tmp_path: Path) -> None:
    """`-o yaml`, `-o json` and `-o name` show the object itself."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        as_json = json.loads(await kubectl("get", "rollout", "web", "-o", "json"))
        as_yaml = await kubectl("get", "rollouts.argoproj.io", "-o", "yaml")
        as_name = await kubectl("get", "rollouts", "-A", "-o", "name")

    assert as_json["spec"]["replicas"] == 2
    assert "kind: Rollout" in as_yaml
    assert as_name == "rollout.argoproj.io/web\n"


async def test_get_of_pods_is_as_users_know_it(tmp_path: Path) -> None:
    """READY, STATUS and RESTARTS are worded as on a real cluster."""
    waiting = {"name": "main", "ready": False, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    async with shop(tmp_path) as kubectl:
        await made(kubectl, pod())
        resource = kubectl.store.resource_for("", "v1", "pods")
        assert resource is not None
        await set_status(kubectl, Target(resource, "web-1", "default"), {"containerStatuses": [waiting]})
        rows = await kubectl.rows("get", "pods")

    assert rows == [["NAME", "READY", "STATUS", "RESTARTS", "AGE"], ["web-1", "0/1", "CrashLoopBackOff", "4", "0s"]]


async def test_watching_get_prints_each_change(tmp_path: Path) -> None:
    """`get -w` prints a line for each change as it comes."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        process = await kubectl.start("get", "rollouts", "-w", "--no-headers")
        assert process.stdout is not None
        first = (await process.stdout.readline()).split()
        await kubectl.store.patch(ROLLOUT, Patch(PatchType.MERGE, {"spec": {"replicas": 7}}))
        second = (await process.stdout.readline()).split()
        process.terminate()
        await process.communicate()

    assert (first[:2], second[:2]) == ([b"web", b"2"], [b"web", b"7"])


async def test_client_side_apply_creates_changes_and_keeps(tmp_path: Path) -> None:
    """`apply -f` creates, changes what differs, and says when nothing does; of built-in and of our kinds."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}
    async with shop(tmp_path) as kubectl:
        first = await kubectl("apply", "-f", "-", given=manifest(rollout(), config))
        again = await kubectl("apply", "-f", "-", given=manifest(rollout(), config))
        changed = manifest(rollout(replicas=5), {**config, "data": {"b": "2"}})
        other = await kubectl("apply", "-f", "-", given=changed)
        data = json.loads(await kubectl("get", "configmap", "c", "-o", "json"))["data"]

    assert first == "rollout.argoproj.io/web created\nconfigmap/c created\n"
    assert again == "rollout.argoproj.io/web unchanged\nconfigmap/c unchanged\n"
    assert other == "rollout.argoproj.io/web configured\nconfigmap/c configured\n"
    assert data == {"b": "2"}


async def test_server_side_apply_names_conflicts(tmp_path: Path) -> None:
    """`apply --server-side` owns what it says, refuses what another owns, and takes it when forced."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        mine = manifest(rollout(replicas=9))
        refused = await kubectl("apply", "--server-side", "-f", "-", given=mine, fails=True)
        await kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=mine)
        replicas = (await kubectl.store.get(ROLLOUT))["spec"]["replicas"]

    assert 'conflict with "test": .spec.replicas' in refused
    assert replicas == 9


async def test_unknown_fields_are_refused_before_they_are_lost(tmp_path: Path) -> None:
    """kubectl's strict validation is the server's: a misspelt field names its path."""
    async with shop(tmp_path) as kubectl:
        refused = await kubectl("apply", "-f", "-", given=manifest(rollout(replicaz=3)), fails=True)
        process = await kubectl.start("apply", "--validate=warn", "-f", "-")
        said, warning = await process.communicate(manifest(rollout(replicaz=3)).encode())

    assert 'unknown field "spec.replicaz"' in refused
    assert said == b"rollout.argoproj.io/web created\n"
    assert b'Warning: unknown field "spec.replicaz"' in warning


async def test_lists_are_taken_apart(tmp_path: Path) -> None:
    """`kind: List`, as `get -o yaml` prints it, can be applied; its items are validated by the server."""
    good = {"apiVersion": "v1", "kind": "List", "items": [rollout(), rollout("other")]}
    bad = {"apiVersion": "v1", "kind": "List", "items": [rollout(replicaz=3)]}
    async with shop(tmp_path) as kubectl:
        said = await kubectl("apply", "-f", "-", given=manifest(good))
        refused = await kubectl("apply", "-f", "-", given=manifest(bad), fails=True)

    assert said == "rollout.argoproj.io/web created\nrollout.argoproj.io/other created\n"
    assert 'unknown field "spec.replicaz"' in refused


async def test_dry_run_on_the_server_stores_nothing(tmp_path: Path) -> None:
    """`--dry-run=server` says what would be, for apply and delete."""
    async with shop(tmp_path) as kubectl:
        said = await kubectl("apply", "--dry-run=server", "-f", "-", given=manifest(rollout()))
        missing = kubectl.store.peek(ROLLOUT)
        await made(kubectl, rollout())
        await kubectl("delete", "rollout", "web", "--dry-run=server")
        kept = kubectl.store.peek(ROLLOUT)

    assert said == "rollout.argoproj.io/web created (server dry run)\n"
    assert (missing is None, kept is not None) == (True, True)


async def test_patches_of_all_types(tmp_path: Path) -> None:
    """Merge, JSON and status patches for our kinds, the strategic one for built-in kinds."""
    deployment = {**rollout(), "apiVersion": "apps/v1", "kind": "Deployment"}
    deployment["spec"] = {key: value for key, value in deployment["spec"].items() if key != "strategy"}
    beside = '{"spec":{"template":{"spec":{"containers":[{"name":"beside","image":"b:1"}]}}}}'
    operations = '[{"op":"replace","path":"/spec/replicas","value":6}]'
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout(), deployment)
        await kubectl("patch", "rollout", "web", "--type=merge", "-p", '{"spec":{"paused":true}}')
        await kubectl("patch", "rollout", "web", "--type=json", "-p", operations)
        abort = '{"status":{"abort":true}}'
        await kubectl("patch", "rollout", "web", "--subresource=status", "--type=merge", "-p", abort)
        await kubectl("patch", "deployment", "web", "-p", beside)
        ours = await kubectl.store.get(ROLLOUT)
        images = await kubectl("get", "deployment", "web", "-o", "jsonpath={..image}")

    assert (ours["spec"]["paused"], ours["spec"]["replicas"], ours["status"]["abort"]) == (True, 6, True)
    assert images.split() == ["b:1", "web:1"]


async def test_edit_and_replace_hold_to_the_version(tmp_path: Path) -> None:
    """`edit` writes what the editor left; `replace` of an old state is a conflict."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        old = await kubectl("get", "rollout", "web", "-o", "json")
        edited = await kubectl("edit", "rollout", "web", EDITOR="sed -i s/replicas:.2/replicas:\\ 3/")
        refused = await kubectl("replace", "-f", "-", given=old, fails=True)
        replicas = (await kubectl.store.get(ROLLOUT))["spec"]["replicas"]

    assert edited == "rollout.argoproj.io/web edited\n"
    assert "the object has been modified" in refused
    assert replicas == 3


async def test_scale_subresource(tmp_path: Path) -> None:
    """`kubectl scale` works on our kind as on any workload."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        await kubectl("scale", "rollout", "web", "--replicas=8")
        replicas = (await kubectl.store.get(ROLLOUT))["spec"]["replicas"]

    assert replicas == 8


async def test_wait_for_a_condition(tmp_path: Path) -> None:
    """`wait --for=condition` returns when the condition comes, and fails when it does not."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        process = await kubectl.start("wait", "--for=condition=Healthy", "rollout/web", "--timeout=20s")
        await set_status(kubectl, ROLLOUT, {"conditions": [{"type": "Healthy", "status": "True"}]})
        out, _ = await process.communicate()
        late = await kubectl("wait", "--for=condition=Paused", "rollout/web", "--timeout=100ms", fails=True)

    assert (process.returncode, out) == (0, b"rollout.argoproj.io/web condition met\n")
    assert "timed out waiting" in late


async def test_delete_waits_for_finalizers(tmp_path: Path) -> None:
    """`delete` returns when the object is gone, not when it is marked."""
    async with shop(tmp_path) as kubectl:
        held = rollout()
        held["metadata"]["finalizers"] = ["sluice.dev/hold"]
        await made(kubectl, held, rollout("other"))
        at_once = await kubectl("delete", "rollout", "other")
        process = await kubectl.start("delete", "rollout", "web")
        assert process.stdout is not None
        said = await process.stdout.readline()
        marked = (await kubectl.store.get(ROLLOUT))["metadata"].get("deletionTimestamp")
        await kubectl.store.patch(ROLLOUT, Patch(PatchType.MERGE, {"metadata": {"finalizers": None}}))
        await process.communicate()

    assert '"other" deleted' in at_once
    assert b'"web" deleted' in said
    assert marked is not None
    assert process.returncode == 0


async def test_describe_shows_the_object_and_its_events(tmp_path: Path) -> None:
    """`describe` finds the events that concern the object."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        about = await kubectl.store.get(ROLLOUT)
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "web.1"},
            "involvedObject": {
                "kind": "Rollout",
                "apiVersion": ROLLOUTS.api_version,
                "namespace": "default",
                "name": "web",
                "uid": about["metadata"]["uid"],
            },
            "reason": "RolloutPaused",
            "message": "waits at step 1",
            "type": "Normal",
            "source": {"component": "rollouts-controller"},
        }
        await made(kubectl, event)
        said = await kubectl("describe", "rollout", "web")

    assert "Replicas:  2" in said
    assert "RolloutPaused" in said
    assert "waits at step 1" in said


async def test_api_resources_lists_our_kinds(tmp_path: Path) -> None:
    """`api-resources` names our kinds with short name and scope; `version` and `cluster-info` answer."""
    async with shop(tmp_path) as kubectl:
        rows = await kubectl.rows("api-resources", "--api-group=argoproj.io")
        version = await kubectl("version", "-o", "json")

    assert ["rollouts", "ro", "argoproj.io/v1alpha1", "true", "Rollout"] in rows
    assert json.loads(version)["serverVersion"]["minor"] == "34"


async def test_diff_shows_what_apply_would_do(tmp_path: Path) -> None:
    """`diff` shows the changed line, and changes nothing."""
    async with shop(tmp_path) as kubectl:
        await made(kubectl, rollout())
        process = await kubectl.start("diff", "-f", "-")
        out, complaint = await process.communicate(manifest(rollout(replicas=4)).encode())
        replicas = (await kubectl.store.get(ROLLOUT))["spec"]["replicas"]

    assert process.returncode == 1, complaint
    assert b"+  replicas: 4" in out
    assert replicas == 2


async def test_commands_that_speak_protobuf_are_told_what_to_do(tmp_path: Path) -> None:
    """The few typed commands of kubectl that only write protobuf get an error with the cure."""
    async with shop(tmp_path) as kubectl:
        refused = await kubectl("create", "namespace", "x", fails=True)

    assert "write a manifest and use kubectl apply -f" in refused
