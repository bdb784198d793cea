"""The status patch: as small as possible, and careful where users write too."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.cluster.errors import ConflictError
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Json, Patch, Target
from rollouts.controller.report import status_patch, write_status

LEAVES = st.sampled_from([None, True, False, 0, 1, "", "x"]) | st.lists(st.integers(), max_size=2)
TREES = st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8)
STATUSES = st.dictionaries(st.sampled_from("abcd"), TREES, max_size=4)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, to compare with."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def without_none(value: Any) -> Any:
    """What a wanted status looks like once stored."""
    if not isinstance(value, dict):
        return value
    return {key: without_none(inner) for key, inner in value.items() if inner is not None}


class Recorder:
    """A cluster that notes patches."""

    def __init__(self) -> None:
        self.patches: list[tuple[Target, Json]] = []

    async def patch(self, target: Target, patch: Patch) -> Json:
        self.patches.append((target, patch.body))
        return {}

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def a_rollout(version: str = "7", **status: Any) -> Json:
    return {"metadata": {"name": "web", "namespace": "default", "resourceVersion": version}, "status": status}


def sent(observed: Json, held: Json, patch: Json) -> Json:
    """The body that goes out."""
    recorder: Any = Recorder()
    asyncio.run(write_status(recorder, ROLLOUTS, observed=observed, held=held, patch=patch))
    target, body = recorder.patches[0]
    assert target == Target(ROLLOUTS, "web", "default", "status")
    return dict(body)


def test_an_equal_status_gives_no_patch() -> None:
    """A settled world writes nothing."""
    assert status_patch({"phase": "Healthy", "canary": {"weights": 1}}, {"phase": "Healthy", "canary": {}}) == {}


def test_only_what_changed_is_sent() -> None:
    """Vanished fields are null, unknown ones are left alone, inner ones are compared each."""
    observed = {"phase": "Paused", "abort": True, "alb": {"x": 1}, "canary": {"weights": {"a": 1}, "mine": 2}}
    wanted = {"phase": "Paused", "abort": None, "canary": {"weights": {"a": 2}}}

    assert status_patch(observed, wanted) == {"abort": None, "canary": {"weights": {"a": 2}}}


def test_an_empty_object_is_not_written_where_there_is_none() -> None:
    """`canary: {}` of a blue-green rollout says nothing."""
    assert status_patch({}, {"canary": {}, "phase": None}) == {}


@given(observed=STATUSES, wanted=STATUSES)
def test_the_patch_brings_the_observed_status_to_the_wanted_one(observed: Json, wanted: Json) -> None:
    """Whatever the two are: after the patch a second one is empty."""
    observed = without_none(observed)
    patch = status_patch(observed, wanted)
    after = merged(observed, patch)

    assert status_patch(after, wanted) == {}
    assert {key: after[key] for key in after if key not in wanted} == {
        key: observed[key] for key in observed if key not in wanted
    }


def test_a_plain_patch_carries_no_version() -> None:
    """Counts and conditions are ours alone: another writer is no conflict."""
    assert sent(a_rollout(), a_rollout("8", abort=True), {"phase": "x"}) == {"status": {"phase": "x"}}


@pytest.mark.parametrize("field", ["pauseConditions", "controllerPause", "abort", "promoteFull", "currentStepIndex"])
def test_a_patch_of_a_field_that_users_write_carries_the_version(field: str) -> None:
    """A promote or abort in between must give a conflict, not be overwritten."""
    body = sent(a_rollout(), a_rollout(), {field: None})

    assert body["metadata"] == {"resourceVersion": "7"}


def test_an_own_write_in_the_same_round_is_no_conflict() -> None:
    """The revision annotation was written first: the status is unchanged, so its version is the one to build on."""
    assert sent(a_rollout(), a_rollout("9"), {"abort": None})["metadata"] == {"resourceVersion": "9"}


def test_a_request_that_came_in_meanwhile_is_a_conflict_before_anything_is_sent() -> None:
    """The cache knows already that the status is another."""
    with pytest.raises(ConflictError, match="web was changed"):
        sent(a_rollout(), a_rollout("9", promoteFull=True), {"currentStepIndex": 2})
