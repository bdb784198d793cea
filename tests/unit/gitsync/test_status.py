"""Statuses as Flux writes them: conditions, their times, revisions, and the smallest patch."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonpatch import JsonPatch

from rollouts.gitsync import kustomizations, sources
from rollouts.gitsync.conditions import find
from rollouts.gitsync.errors import FetchError
from rollouts.gitsync.inventory import Entry
from rollouts.gitsync.ports import Fetched
from rollouts.gitsync.status import Result, change, reconciled, refused, spent, stored, unfetched, waits_since
from tests.unit.gitsync.worlds import NOW

LATER = NOW + timedelta(minutes=5)
REVISION = "main@sha1:" + "a" * 40
META = {"name": "app", "namespace": "shop", "generation": 4, "annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}
SOURCE = sources.parse({"metadata": META, "spec": {"url": "https://git.example/x", "interval": "1m"}})
WANTED = kustomizations.parse(
    {"metadata": META, "spec": {"interval": "1m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "x"}}}
)
DONE = Result("True", "ReconciliationSucceeded", f"Applied revision: {REVISION}", REVISION, (Entry("a", "b", "", "C"),))


def types_of(status: dict[str, Any]) -> list[str]:
    return [f"{c['type']}={c['status']}/{c['reason']}" for c in status["conditions"]]


def test_a_stored_source() -> None:
    """A fetched commit is the artifact, with the time when it came; the generation is a number."""
    status = stored({}, SOURCE, Fetched(REVISION, "sha256:x"), NOW)

    assert types_of(status) == ["Ready=True/Succeeded", "ArtifactInStorage=True/Succeeded"]
    assert status["observedGeneration"] == 4
    assert status["lastHandledReconcileAt"] == "now"
    assert status["artifact"] == {
        "revision": REVISION,
        "digest": "sha256:x",
        "lastUpdateTime": "2026-01-01T00:00:00Z",
    }
    assert stored(status, SOURCE, Fetched(REVISION, "sha256:x"), LATER) == status


def test_a_source_that_cannot_be_fetched() -> None:
    """The failure is shown, and the artifact that is held stays good; its recovery takes the failure back."""
    before = stored({}, SOURCE, Fetched(REVISION, "sha256:x"), NOW)
    status = unfetched(before, SOURCE, FetchError("gone", reason="AuthenticationFailed"), LATER)

    assert types_of(status) == [
        "Ready=False/AuthenticationFailed",
        "FetchFailed=True/AuthenticationFailed",
        "Reconciling=True/ProgressingWithRetry",
        "ArtifactInStorage=True/Succeeded",
    ]
    assert status["artifact"] == before["artifact"]
    assert types_of(stored(status, SOURCE, Fetched(REVISION, "sha256:x"), LATER)) == types_of(before)


def test_a_source_that_is_written_wrong() -> None:
    """It stands still, and says which field to mend."""
    wrong = sources.parse({"metadata": META, "spec": {"url": "file:///x", "interval": "1m"}})
    status = refused({}, wrong, NOW)

    assert types_of(status) == ["Ready=False/URLInvalid", "Stalled=True/URLInvalid"]
    assert "spec.url" in find(status, "Ready")["message"]


def test_a_kustomization_that_is_applied() -> None:
    """Revisions, inventory, and Ready alone: what is over leaves no condition."""
    status = reconciled({}, WANTED, DONE, NOW)

    assert types_of(status) == ["Ready=True/ReconciliationSucceeded"]
    assert status["lastAppliedRevision"] == status["lastAttemptedRevision"] == REVISION
    assert status["inventory"] == {"entries": [{"id": "a_b__C", "v": "v1"}]}


def test_a_kustomization_that_failed() -> None:
    """What was applied last, and its inventory, stay; what was tried is named."""
    before = reconciled({}, WANTED, DONE, NOW)
    status = reconciled(before, WANTED, Result("False", "BuildFailed", "x.yaml:3: no", "main@sha1:b"), LATER)

    assert types_of(status) == ["Ready=False/BuildFailed", "Reconciling=True/ProgressingWithRetry"]
    assert (status["lastAppliedRevision"], status["lastAttemptedRevision"]) == (REVISION, "main@sha1:b")
    assert status["inventory"] == before["inventory"]


def test_a_wait_keeps_its_beginning() -> None:
    """A wait began when its attempt did, not when it was last looked at; a new attempt begins anew."""
    waiting = Result("Unknown", "Progressing", "waiting", REVISION, (), "Unknown", is_new_attempt=True)
    begun = reconciled({}, WANTED, waiting, NOW)
    again = reconciled(begun, WANTED, Result("Unknown", "Progressing", "still", REVISION, healthy="Unknown"), LATER)

    assert types_of(begun) == [
        "Ready=Unknown/Progressing",
        "Reconciling=True/Progressing",
        "Healthy=Unknown/Progressing",
    ]
    assert waits_since(again) == NOW
    assert waits_since(reconciled(again, WANTED, waiting, LATER)) == LATER
    assert waits_since(reconciled(again, WANTED, DONE, LATER)) is None


def test_times_move_only_with_the_status() -> None:
    """A condition whose status stays the same keeps its time, whatever its message; foreign ones stay as they are."""
    foreign = {"type": "Audited", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "y"}
    before = reconciled({"conditions": [foreign]}, WANTED, DONE, NOW)
    same = reconciled(before, WANTED, Result("True", "ReconciliationSucceeded", "other", REVISION), LATER)
    failed = reconciled(before, WANTED, Result("False", "BuildFailed", "no", REVISION), LATER)

    assert find(same, "Ready")["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert find(failed, "Ready")["lastTransitionTime"] == "2026-01-01T00:05:00Z"
    assert failed["conditions"][0] == foreign


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, for the property below."""
    if not isinstance(patch, dict):
        return patch
    base = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        base.pop(key, None) if value is None else base.__setitem__(key, merged(base.get(key), value))
    return base


@given(before=OBJECTS, after=OBJECTS)
def test_the_patch_leads_there(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The patch turns one status into the other, and is empty where they are equal."""
    patch = change(before, after)

    assert not JsonPatch.from_diff(after, merged(before, patch)).patch
    assert (patch == {}) == (before == after)


def test_durations_in_messages() -> None:
    """As Go prints them."""

    assert [spent(timedelta(seconds=s)) for s in (0.25, 1.5, 60, 90, 3661)] == [
        "0.25s",
        "1.5s",
        "1m0s",
        "1m30s",
        "1h1m1s",
    ]
