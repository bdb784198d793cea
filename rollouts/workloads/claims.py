"""Whose ReplicaSet is it? Those that a selector finds and nobody owns are adopted, owned ones that it misses let go.

Called by controller/observe (`matching`, `missed`) and by `workloads.render`. As Argo and the Deployment controller do:
by selector and owner reference; the patch carries the object's uid, so that it meets no other one of that name.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rollouts.model.effects import AdoptVersion, ReleaseVersion
from rollouts.model.keys import HASH_LABEL
from rollouts.model.objects import Json, Modify
from rollouts.model.rollout import Rollout
from rollouts.model.workload import Stray
from rollouts.workloads.replicasets import owner, ref

Selects = Callable[[Mapping[str, Any], Mapping[str, str]], bool]
"""Whether a label selector finds these labels."""


def orphans(manifest: Json, nobodys: Iterable[Json], selects: Selects) -> tuple[Stray, ...]:
    """Of ReplicaSets that nobody owns, those that the rollout's selector finds. A selector of nothing finds none."""
    selector = _selector(manifest)
    return tuple(
        _stray(rs) for rs in nobodys if selector and _is_alive(rs) and _has_hash(rs) and selects(selector, _labels(rs))
    )


def departed(manifest: Json, own: Iterable[Json], selects: Selects) -> tuple[Stray, ...]:
    """Of the rollout's own ReplicaSets, those that its selector does not find any more."""
    selector = _selector(manifest)
    return tuple(_stray(rs) for rs in own if selector and _is_alive(rs) and not selects(selector, _labels(rs)))


def adopt(effect: AdoptVersion, rollout: Rollout, manifest: Json) -> Modify:
    """Make the rollout the owner."""
    body = {"metadata": {"uid": effect.uid, "ownerReferences": [owner(rollout, manifest)]}}
    return Modify(ref(rollout, effect.name), body, is_strategic=True)


def release(effect: ReleaseVersion, rollout: Rollout) -> Modify:
    """Take the rollout's owner reference away, and no other."""
    gone = {"$patch": "delete", "uid": rollout.uid}
    return Modify(
        ref(rollout, effect.name),
        {"metadata": {"uid": effect.uid, "ownerReferences": [gone]}},
        is_strategic=True,
    )


def _selector(manifest: Json) -> Mapping[str, Any]:
    selector = (manifest.get("spec") or {}).get("selector")
    if not isinstance(selector, dict) or not (selector.get("matchLabels") or selector.get("matchExpressions")):
        return {}
    return selector


def _stray(rs: Json) -> Stray:
    return Stray(rs["metadata"]["name"], rs["metadata"].get("uid", ""))


def _labels(rs: Json) -> Mapping[str, str]:
    return rs["metadata"].get("labels") or {}


def _has_hash(rs: Json) -> bool:
    return HASH_LABEL in _labels(rs)


def _is_alive(rs: Json) -> bool:
    return rs["metadata"].get("deletionTimestamp") is None
