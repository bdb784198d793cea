"""A Kustomization applies what its source holds: good commits at once, bad ones not at all."""

from datetime import timedelta
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.errors import ServerError
from rollouts.cluster.port import Collection, Patch, PatchType, Target
from rollouts.gitsync.kustomizations import FINALIZER
from rollouts.model.errors import TemporaryError
from rollouts.model.objects import Json
from tests.unit.gitsync.loops import Loop, a_kustomization, a_loop
from tests.unit.gitsync.worlds import NAMESPACE, a_map, a_rollout, a_route, a_service, shift, weights

ME = Target(kinds.KUSTOMIZATIONS, "app", NAMESPACE)


async def test_a_commit_is_applied() -> None:
    """Objects, inventory, revisions, condition and events, as Flux writes them."""
    loop = await a_loop()

    due = await loop.both(a_yaml=a_map("a"), sub__b_yaml=a_map("b"))

    revision = loop.status(kinds.GIT_REPOSITORIES)["artifact"]["revision"]
    assert due == loop.now + timedelta(minutes=10)
    assert loop.has("a")
    assert loop.has("b")
    assert loop.ready() == ("True", "ReconciliationSucceeded")
    assert loop.message() == f"Applied revision: {revision}"
    assert loop.status()["lastAppliedRevision"] == loop.status()["lastAttemptedRevision"] == revision
    assert [entry["id"] for entry in loop.status()["inventory"]["entries"]] == [
        "shop_a__ConfigMap",
        "shop_b__ConfigMap",
    ]
    assert [reason for reason, _ in loop.events] == ["NewArtifact", "Progressing", "ReconciliationSucceeded"]
    assert loop.events[1][1] == "ConfigMap/shop/a created\nConfigMap/shop/b created"


async def test_a_settled_world_writes_nothing() -> None:
    """Wakes before the interval do nothing; a round at the interval without drift writes nothing."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map())
    version, told = loop.store.version, len(loop.events)

    early = await loop.apply()
    loop.pass_time(minutes=10)
    await loop.apply()

    assert early == loop.now
    assert (loop.store.version, len(loop.events)) == (version, told)


async def test_drift_is_corrected_at_the_interval() -> None:
    """What somebody changed by hand comes back, and is told."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map())
    hand = Patch(PatchType.MERGE, {"data": {"key": "hand"}})
    await loop.store.patch(Target(kinds.CONFIG_MAPS, "settings", NAMESPACE), hand)

    loop.pass_time(minutes=10)
    await loop.apply()

    live = loop.store.peek(Target(kinds.CONFIG_MAPS, "settings", NAMESPACE)) or {}
    assert live["data"] == {"key": "1"}
    assert ("Progressing", "ConfigMap/shop/settings configured") in loop.events


@pytest.mark.parametrize(
    ("bad", "reason", "words"),
    [
        ("a: 1\nb: [", "BuildFailed", "bad.yaml:2: is no YAML"),
        ("apiVersion: v1\nkind: ConfigMap\n", "BuildFailed", "bad.yaml:1: ConfigMap without metadata.name"),
        ("# oops\napiVersion: v2\nkind: Thing\nmetadata: {name: x}\n", "ReconciliationFailed", "bad.yaml:2: Thing/x"),
        (a_rollout().replace("replicas: 3", "replicas: many"), "ReconciliationFailed", "bad.yaml:1: Rollout/shop/web"),
    ],
)
async def test_a_bad_commit_changes_nothing(bad: str, reason: str, words: str) -> None:
    """File, line and cause are told; the last good state stays; the next good commit goes through at once."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map("a"))
    good = loop.status()["lastAppliedRevision"]

    due = await loop.both(a_yaml=a_map("a", "2"), b_yaml=a_map("b"), bad_yaml=bad)
    failed = loop.ready(), loop.message(), loop.status()["lastAppliedRevision"], loop.has("b")
    retry = loop.now + timedelta(seconds=30)
    await loop.both(a_yaml=a_map("a", "3"))

    assert failed[0] == ("False", reason)
    assert words in failed[1]
    assert failed[2:] == (good, False)
    assert due == retry
    assert loop.ready() == ("True", "ReconciliationSucceeded")
    live = loop.store.peek(Target(kinds.CONFIG_MAPS, "a", NAMESPACE)) or {}
    assert live["data"] == {"key": "3"}


async def test_a_failure_is_told_once() -> None:
    """Retries of the same bad commit write nothing and tell nothing new."""
    loop = await a_loop()
    await loop.both(bad_yaml="[")
    version, told = loop.store.version, list(loop.events)

    loop.pass_time(seconds=30)
    await loop.apply()

    assert (loop.store.version, loop.events) == (version, told)
    assert [reason for reason, _ in told] == ["NewArtifact", "BuildFailed"]


async def test_what_git_drops_is_pruned() -> None:
    """An object that the commit no longer holds is deleted, and leaves the inventory."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map("a"), b_yaml=a_map("b"))

    await loop.both(a_yaml=a_map("a"))

    assert not loop.has("b")
    assert [entry["id"] for entry in loop.status()["inventory"]["entries"]] == ["shop_a__ConfigMap"]
    assert ("Progressing", "ConfigMap/shop/b deleted") in loop.events


async def test_an_empty_commit_prunes_nothing() -> None:
    """A commit without any object is taken for an accident."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map("a"))

    await loop.both(README="nothing here")

    assert loop.has("a")
    assert loop.ready() == ("False", "BuildFailed")
    assert "delete the Kustomization" in loop.message()


async def test_a_missing_folder() -> None:
    """A path that the commit does not have is told by name."""
    loop = await a_loop(kustomization=a_kustomization(path="./deploy"))
    await loop.both(a_yaml=a_map("a"))

    assert loop.ready() == ("False", "ArtifactFailed")
    assert "path not found: deploy" in loop.message()


async def test_the_path_bounds_what_is_applied() -> None:
    """Files outside the path do not count, broken or not."""
    loop = await a_loop(kustomization=a_kustomization(path="./deploy"))
    await loop.both(deploy__a_yaml=a_map("a"), other__b_yaml="[")

    assert loop.ready() == ("True", "ReconciliationSucceeded")


async def test_a_deleted_kustomization_prunes() -> None:
    """The finalizer holds it until everything that it applied is gone."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map("a"))
    await loop.store.delete(ME)

    assert await loop.apply() is None
    assert not loop.has("a")
    assert loop.store.peek(ME) is None


@pytest.mark.parametrize("spec", [{"suspend": True}, {"prune": False}])
async def test_a_deleted_kustomization_that_prunes_nothing(spec: dict[str, Any]) -> None:
    """Suspended, or without prune: the objects stay, the Kustomization goes."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map("a"))
    await loop.change(kinds.KUSTOMIZATIONS, {"spec": spec})
    await loop.store.delete(ME)

    await loop.apply()

    assert loop.has("a")
    assert loop.store.peek(ME) is None


async def test_a_suspended_kustomization_does_nothing() -> None:
    """It applies nothing; resumed, it catches up at once."""
    loop = await a_loop(kustomization=a_kustomization(suspend=True))
    await loop.both(a_yaml=a_map("a"))
    suspended = loop.has("a"), loop.status()
    await loop.change(kinds.KUSTOMIZATIONS, {"spec": {"suspend": False}})

    await loop.apply()

    assert suspended == (False, {})
    assert loop.has("a")


async def test_the_finalizer_is_set_first() -> None:
    """Nothing is applied that could not be pruned again; finalizers of others stay."""
    body = a_kustomization()
    body["metadata"]["finalizers"] = ["example.org/mine"]
    loop = await a_loop(kustomization=body)
    await loop.apply()

    assert ((loop.store.peek(ME) or {})["metadata"]["finalizers"]) == ["example.org/mine", FINALIZER]


async def test_no_source() -> None:
    """A source that is not there, or holds nothing yet, is waited for."""
    loop = await a_loop()
    waiting = await loop.apply(), loop.ready(), loop.message()
    await loop.store.delete(Target(kinds.GIT_REPOSITORIES, "app", NAMESPACE))
    await loop.apply()

    assert waiting == (
        loop.now + timedelta(seconds=30),
        ("False", "ArtifactFailed"),
        "Source artifact not found, retrying in 30s",
    )
    assert loop.message() == "Source 'GitRepository/shop/app' not found"


async def test_a_faulty_kustomization_stands_still() -> None:
    """A field that we cannot honour is told, and nothing is applied."""
    loop = await a_loop(kustomization=a_kustomization(postBuild={"substitute": {"a": "b"}}))
    due = await loop.both(a_yaml=a_map("a"))

    assert due is None
    assert loop.ready() == ("False", "InvalidSpec")
    assert "spec.postBuild" in loop.message()
    assert not loop.has("a")


async def make_healthy(loop: Loop, phase: str = "Healthy") -> None:
    target = Target(kinds.ROLLOUTS, "web", NAMESPACE)
    generation = (loop.store.peek(target) or {})["metadata"]["generation"]
    status = {"phase": phase, "observedGeneration": str(generation), "message": "told so"}
    await loop.store.patch(
        Target(kinds.ROLLOUTS, "web", NAMESPACE, "status"), Patch(PatchType.MERGE, {"status": status})
    )


async def waiting_loop() -> Loop:
    loop = await a_loop(kustomization=a_kustomization(wait=True))
    await loop.both(a_yaml=a_rollout())
    return loop


async def test_health_is_waited_for_without_holding_a_worker() -> None:
    """Each look is a short round; when all is healthy the revision counts as applied."""
    loop = await waiting_loop()
    waiting = loop.ready(), loop.status().get("lastAppliedRevision")
    loop.pass_time(seconds=2)
    due = await loop.apply()
    await make_healthy(loop)
    loop.pass_time(seconds=2)
    await loop.apply()

    assert waiting == (("Unknown", "Progressing"), None)
    assert due == loop.now
    assert loop.ready() == ("True", "ReconciliationSucceeded")
    assert loop.status()["lastAppliedRevision"] == loop.status()["lastAttemptedRevision"]


async def test_a_wait_ends() -> None:
    """After the timeout the health check has failed, a restart in between or not."""
    loop = await waiting_loop()
    loop.pass_time(seconds=40)
    loop.start()
    await loop.fetch()
    await loop.apply()
    still = loop.ready()
    loop.pass_time(seconds=20)
    await loop.apply()

    assert still == ("Unknown", "Progressing")
    assert loop.ready() == ("False", "HealthCheckFailed")
    assert "Rollout/shop/web" in loop.message()


async def test_a_degraded_rollout_fails_at_once() -> None:
    """What failed for good is not waited for."""
    loop = await waiting_loop()
    await make_healthy(loop, "Degraded")
    loop.pass_time(seconds=2)
    await loop.apply()

    assert loop.ready() == ("False", "HealthCheckFailed")
    assert "told so" in loop.message()


async def test_a_paused_rollout_counts_as_done() -> None:
    """A canary that waits for a human does not hold up the sync."""
    loop = await waiting_loop()
    await make_healthy(loop, "Paused")
    loop.pass_time(seconds=2)
    await loop.apply()

    assert loop.ready() == ("True", "ReconciliationSucceeded")


async def test_a_new_commit_cuts_a_wait_short() -> None:
    """The fix for a version that never gets healthy goes through while that one is waited for."""
    loop = await waiting_loop()
    loop.pass_time(seconds=50)
    loop.remote.commit({"a.yaml": a_rollout("app:v2")})
    await loop.change(kinds.GIT_REPOSITORIES, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}})
    await loop.fetch()
    await loop.apply()
    loop.pass_time(seconds=20)
    await loop.apply()

    live = loop.store.peek(Target(kinds.ROLLOUTS, "web", NAMESPACE)) or {}
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "app:v2"
    assert loop.ready() == ("Unknown", "Progressing")


async def test_leases_hold_through_the_whole_loop() -> None:
    """A commit in mid-canary changes the route's timeout and the image, not the weights."""
    loop = await a_loop()
    services = a_service("stable") + "---\n" + a_service("canary")
    await loop.both(s_yaml=services, r_yaml=a_rollout(), h_yaml=a_route())
    await shift(loop.store, 80, 20)

    await loop.both(s_yaml=services, r_yaml=a_rollout("app:v2"), h_yaml=a_route(timeout="1s"))

    assert loop.ready() == ("True", "ReconciliationSucceeded")
    assert await weights(loop.store) == {"stable": 80, "canary": 20}


class Failing:
    """A cluster whose nth real apply is lost on the way."""

    def __init__(self, cluster: Any, nth: int) -> None:
        self._cluster = cluster
        self._left = nth

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    async def patch(self, target: Target, patch: Patch) -> Json:
        """Fail once, or do it."""
        if patch.type is PatchType.APPLY and not patch.is_dry_run:
            self._left -= 1
            if self._left == 0:
                raise ServerError("no answer")
        answer: Json = await self._cluster.patch(target, patch)
        return answer


async def test_a_failing_server_is_tried_again() -> None:
    """What may have been applied before it failed is in the inventory; the queue's back-off brings the rest."""
    loop = await a_loop()
    loop.cluster = Failing(loop.store, 2)
    loop.start()

    with pytest.raises(TemporaryError, match="no answer"):
        await loop.both(a_yaml=a_map("a"), b_yaml=a_map("b"))
    broken_off = loop.ready(), [entry["id"] for entry in loop.status()["inventory"]["entries"]]
    await loop.apply()

    assert broken_off == (("False", "ReconciliationFailed"), ["shop_a__ConfigMap", "shop_b__ConfigMap"])
    assert loop.ready() == ("True", "ReconciliationSucceeded")
    assert loop.has("b")


async def test_a_mirror_that_was_lost_is_waited_for() -> None:
    """After a restart the commit may not be here yet: nothing is told, the source will bring it."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map("a"))
    before = loop.status()
    loop.start()

    with pytest.raises(TemporaryError, match="not held here"):
        await loop.apply()
    assert loop.status() == before


async def test_a_request_applies_at_once() -> None:
    """The annotation asks for a round now, and is told as handled."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map("a"))
    await loop.store.delete(Target(kinds.CONFIG_MAPS, "a", NAMESPACE))
    await loop.change(kinds.KUSTOMIZATIONS, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "12:00"}}})

    await loop.apply()

    assert loop.has("a")
    assert loop.status()["lastHandledReconcileAt"] == "12:00"


async def test_another_kustomizations_objects_are_not_pruned() -> None:
    """An object that another Kustomization took over stays when the first one drops it."""
    loop = await a_loop()
    await loop.both(a_yaml=a_map("a"), b_yaml=a_map("b"))
    label = {"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "other"}}}
    await loop.store.patch(Target(kinds.CONFIG_MAPS, "b", NAMESPACE), Patch(PatchType.MERGE, label))

    await loop.both(a_yaml=a_map("a"))

    there = await loop.store.list(Collection(kinds.CONFIG_MAPS, NAMESPACE))
    assert [item["metadata"]["name"] for item in there.items] == ["a", "b"]


async def test_an_outcome_that_could_not_be_written_is_no_reason_to_wait() -> None:
    """A status write that failed is made again with the next round, not after the whole interval."""
    loop = await a_loop()
    loop.cluster = Forgetful(loop.store)
    loop.start()

    with pytest.raises(ServerError):
        await loop.both(a_yaml=a_map("a"))
    await loop.apply()

    assert loop.ready() == ("True", "ReconciliationSucceeded")


class Forgetful:
    """A cluster that fails once to write down that a commit was applied."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._fails = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def patch(self, target: Target, patch: Patch) -> Json:
        is_outcome = target.resource == kinds.KUSTOMIZATIONS and "conditions" in patch.body.get("status", {})
        if is_outcome and self._fails:
            self._fails = False
            raise ServerError("try again")
        answer: Json = await self._store.patch(target, patch)
        return answer
