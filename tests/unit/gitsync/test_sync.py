"""A commit becomes objects: all or nothing, in order, pruned with care. Over the embedded store."""

from collections.abc import Mapping
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.errors import ForbiddenError, ServerError
from rollouts.cluster.port import Cluster, Collection, DeleteOptions, Patch, PatchType, Target
from rollouts.gitsync.catalog import catalog_of
from rollouts.gitsync.inventory import Entry, entry_of
from rollouts.gitsync.manifests import Manifest
from rollouts.gitsync.plan import OWNER_NAME, OWNER_NAMESPACE
from rollouts.gitsync.survey import survey
from rollouts.gitsync.sync import Outcome, Request, sync
from rollouts.model.objects import Json
from rollouts.simulator.store import Store
from tests.unit.gitsync.worlds import NAMESPACE, a_map, a_rollout, a_route, a_store, find, manifests, unrecorded

SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: fresh}\n"
MAP = Target(kinds.CONFIG_MAPS, "settings", NAMESPACE)


def a_definition(version: str = "v1", *, served: str = "true") -> str:
    schema = "{openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}"
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.org}\n"
        "spec:\n  group: example.org\n  scope: Namespaced\n"
        "  names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}\n"
        f"  versions: [{{name: {version}, served: {served}, storage: true, schema: {schema}}}]\n"
    )


def a_thing(version: str = "v1", namespace: str = NAMESPACE) -> str:
    return f"apiVersion: example.org/{version}\nkind: Thing\nmetadata: {{name: it, namespace: {namespace}}}\n"


async def applied(cluster: Cluster, *texts: str, **more: Any) -> Outcome:
    read: tuple[Manifest, ...] = manifests(*texts) if texts else ()
    return await sync(cluster, Request(NAMESPACE, "app", read, **more), unrecorded)


@pytest.fixture
async def store() -> Store:
    return await a_store()


async def test_objects_are_created_labelled_and_listed(store: Store) -> None:
    """What is applied says whose it is, and stands in the inventory."""
    outcome = await applied(store, a_map())

    assert outcome == Outcome((Entry(NAMESPACE, "settings", "", "ConfigMap"),), ("ConfigMap/shop/settings created",))
    assert (await store.get(MAP))["metadata"]["labels"] == {OWNER_NAME: "app", OWNER_NAMESPACE: NAMESPACE}


async def test_drift_is_corrected_and_foreign_fields_stay(store: Store) -> None:
    """A value from Git comes back; what Git does not name belongs to others; a field that Git drops goes."""
    await applied(store, a_map())
    await store.patch(MAP, Patch(PatchType.MERGE, {"data": {"key": "hand", "other": "theirs"}}))

    outcome = await applied(store, a_map())
    corrected = (await store.get(MAP))["data"]
    await applied(store, a_map().replace("{key: '1'}", "{new: '2'}"))

    assert outcome.changes == ("ConfigMap/shop/settings configured",)
    assert corrected == {"key": "1", "other": "theirs"}
    assert (await store.get(MAP))["data"] == {"new": "2", "other": "theirs"}


async def test_one_bad_object_keeps_all_back(store: Store) -> None:
    """Every refusal is told with its place, and nothing of the commit is applied."""
    bad = a_rollout().replace("replicas: 3", "replicas: many")
    old = (Entry(NAMESPACE, "former", "", "ConfigMap"),)

    outcome = await applied(store, a_map(), bad, a_route(weights=(-1, 0)), old=old, prunes=True)

    assert await find(store, kinds.CONFIG_MAPS, "settings") is None
    assert outcome.reason == "ReconciliationFailed"
    assert outcome.entries == old
    assert not outcome.is_temporary
    assert [fault.path for fault in outcome.faults] == ["deploy/app.yaml:22", "deploy/app.yaml:6"]
    assert "Rollout/shop/web dry-run failed (Invalid)" in outcome.faults[1].message
    assert "spec.replicas" in outcome.faults[1].message


async def test_an_unknown_kind_is_named(store: Store) -> None:
    """A kind that nobody serves is told with its place, before anything is tried."""
    outcome = await applied(store, a_map(), a_thing())

    (fault,) = outcome.faults
    assert str(fault).startswith(
        "deploy/app.yaml:6: Thing/shop/it: the cluster knows no kind Thing in version example.org/v1"
    )
    assert await find(store, kinds.CONFIG_MAPS, "settings") is None


async def test_a_commit_may_bring_kinds_and_namespaces(store: Store) -> None:
    """Objects wait for the definition and the namespace of their own commit."""
    outcome = await applied(store, a_thing(namespace="fresh"), a_definition(), SPACE, a_map())

    assert outcome.faults == ()
    assert outcome.changes == (
        "CustomResourceDefinition/things.example.org created",
        "Namespace/fresh created",
        "ConfigMap/shop/settings created",
        "Thing/fresh/it created",
    )
    assert len(outcome.entries) == 4


async def test_a_definition_of_another_version_does_not_count(store: Store) -> None:
    """A definition that serves only another version is told at once, not waited for."""
    outcome = await applied(store, a_thing("v2"), a_definition("v1"))

    assert "no kind Thing in version example.org/v2" in outcome.faults[0].message


async def test_the_target_namespace_wins(store: Store) -> None:
    """targetNamespace overrides; without one, an object without namespace lives beside its Kustomization."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}}
    await store.create(Collection(kinds.NAMESPACES), body)
    bare = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bare}\n"

    there = await applied(store, a_map(), bare, target_namespace="prod")
    here = await applied(store, bare)

    assert {entry.namespace for entry in there.entries} == {"prod"}
    assert [entry.namespace for entry in here.entries] == [NAMESPACE]


async def test_two_objects_that_become_one(store: Store) -> None:
    """targetNamespace may fold two objects into one: which one is meant is not guessed."""
    outcome = await applied(store, a_map(), a_map().replace("shop", "other"), target_namespace=NAMESPACE)

    assert "already defined" in outcome.faults[0].message


def an_errors_template() -> str:
    meta = f"{{name: errors, namespace: {NAMESPACE}}}"
    spec = "{provider: {type: prometheus}, query: up}"
    return f"apiVersion: flagger.app/v1beta1\nkind: MetricTemplate\nmetadata: {meta}\nspec: {spec}\n"


def a_delivered_app(version: str) -> tuple[str, ...]:
    """A Deployment with its configuration, and the Canary that delivers both; all three differ by version."""
    meta = f"{{name: web, namespace: {NAMESPACE}, labels: {{version: {version}}}}}"
    target = "{apiVersion: apps/v1, kind: Deployment, name: web}"
    analysis = "{interval: 1m, threshold: 1, iterations: 2}"
    pods = "{metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}"
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {meta}\n"
        f"spec: {{selector: {{matchLabels: {{app: web}}}}, template: {pods}}}\n",
        f"apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {meta}\n"
        f"spec: {{targetRef: {target}, service: {{port: 80}}, analysis: {analysis}}}\n",
        a_map(value=version),
    )


async def test_a_canary_hears_of_a_commit_before_what_it_delivers(store: Store) -> None:
    """A version is met by the gates of its own commit. A Canary that is new comes after its target."""
    first = await applied(store, *a_delivered_app("v1"))
    second = await applied(store, *a_delivered_app("v2"), an_errors_template())
    kinds_of = [[change.split("/")[0] for change in outcome.changes] for outcome in (first, second)]

    assert kinds_of[0] == ["ConfigMap", "Deployment", "Canary"]
    assert kinds_of[1] == ["MetricTemplate", "Canary", "ConfigMap", "Deployment"]


async def test_what_git_drops_is_pruned(store: Store) -> None:
    """Only with prune, only what is still ours, and what asks to stay stays."""
    kept = a_map("kept", extra=", annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}")
    first = await applied(store, a_map("a"), a_map("b"), kept, a_map("taken"))
    taken = Target(kinds.CONFIG_MAPS, "taken", NAMESPACE)
    await store.patch(taken, Patch(PatchType.MERGE, {"metadata": {"labels": {OWNER_NAME: "other"}}}))

    unpruned = await applied(store, a_map("a"), old=first.entries)
    pruned = await applied(store, a_map("a"), old=first.entries, prunes=True)

    assert unpruned.changes == ()
    assert pruned.changes == ("ConfigMap/shop/b deleted",)
    assert [entry.name for entry in pruned.entries] == ["a"]
    left = await store.list(Collection(kinds.CONFIG_MAPS, NAMESPACE))
    assert [item["metadata"]["name"] for item in left.items] == ["a", "kept", "taken"]


class Refusing:
    """A cluster that refuses some verbs on some objects."""

    def __init__(self, cluster: Store, refusals: Mapping[tuple[str, str], Exception]) -> None:
        self._cluster = cluster
        self._refusals = refusals

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    async def patch(self, target: Target, patch: Patch) -> Json:
        """Refuse, or do it."""
        refusal = self._refusals.get(("try" if patch.is_dry_run else "apply", target.name))
        if refusal is not None:
            raise refusal
        return await self._cluster.patch(target, patch)

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """Refuse, or do it."""
        if ("delete", target.name) in self._refusals:
            raise self._refusals["delete", target.name]
        await self._cluster.delete(target, options)


async def test_what_cannot_be_pruned_is_not_forgotten(store: Store) -> None:
    """A refused delete keeps its place in the inventory, so that the next round tries again."""
    first = await applied(store, a_map("a"), a_map("b"))
    cluster: Any = Refusing(store, {("delete", "b"): ForbiddenError("not allowed")})

    outcome = await applied(cluster, a_map("a"), old=first.entries, prunes=True)

    assert outcome.reason == "PruneFailed"
    assert {entry.name for entry in outcome.entries} == {"a", "b"}
    assert "ConfigMap/shop/b delete failed (Forbidden)" in str(outcome.faults[0])


async def test_a_failing_server_breaks_the_round_off(store: Store) -> None:
    """All that may have been made stands in the inventory, for its fate is not known; the round asks to be repeated."""
    cluster: Any = Refusing(store, {("apply", "b"): ServerError("down")})

    outcome = await applied(cluster, a_map("a"), a_map("b"), a_map("c"))

    assert outcome.is_temporary
    assert [entry.name for entry in outcome.entries] == ["a", "b", "c"]
    assert await find(store, kinds.CONFIG_MAPS, "c") is None


async def test_a_refusal_while_applying_keeps_the_others_going(store: Store) -> None:
    """An object that passed its dry run and is refused then does not keep the others back."""
    cluster: Any = Refusing(store, {("apply", "b"): ForbiddenError("not you")})

    outcome = await applied(cluster, a_map("a"), a_map("b"), a_map("c"))

    assert not outcome.is_temporary
    assert [entry.name for entry in outcome.entries] == ["a", "b", "c"]
    assert await find(store, kinds.CONFIG_MAPS, "b") is None
    assert "ConfigMap/shop/b apply failed (Forbidden): not you" in str(outcome.faults[0])


async def test_secrets_are_not_shown(store: Store) -> None:
    """What a server says about a Secret may hold its values."""
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: {NAMESPACE}}}\nstringData: {{a: hush}}\n"
    cluster: Any = Refusing(store, {("try", "s"): ForbiddenError("value hush is not allowed")})

    outcome = await applied(cluster, secret)

    assert "hush" not in str(outcome.faults[0])


async def test_objects_that_ask_to_be_left_alone(store: Store) -> None:
    """reconcile: disabled on the live object stops its drift from being corrected, and its pruning."""
    first = await applied(store, a_map())
    off = {"metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}, "data": {"key": "hand"}}
    await store.patch(MAP, Patch(PatchType.MERGE, off))

    again = await applied(store, a_map(), old=first.entries)
    gone = await applied(store, a_map("other"), old=first.entries, prunes=True)

    assert again.changes == ()
    assert gone.changes == ("ConfigMap/shop/other created",)
    assert (await store.get(MAP))["data"] == {"key": "hand"}


async def test_a_survey_tells_who_is_missing(store: Store) -> None:
    """Healthy objects are passed over, the Kustomization itself too; the others are named with their cause."""
    me = Entry(NAMESPACE, "app", "kustomize.toolkit.fluxcd.io", "Kustomization")
    outcome = await applied(store, a_map(), a_rollout())
    gone = Entry(NAMESPACE, "gone", "", "ConfigMap")
    unknown = Entry(NAMESPACE, "it", "example.org", "Thing")

    found = await survey(store, await catalog_of(store), (*outcome.entries, gone, unknown, me), me)

    assert found.failed == ()
    assert found.pending == (
        "Rollout/shop/web: waiting for its controller to see the newest spec",
        "ConfigMap/shop/gone: not found",
        "Thing/shop/it: not found",
    )
    assert entry_of(manifests(a_map())[0].object) in outcome.entries
