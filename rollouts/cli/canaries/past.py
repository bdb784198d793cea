"""The revisions of a Canary's target and what became of them. Called by history; pure.

Read from the ReplicaSets that the target's Deployment keeps: their templates are hashed as the controller hashes the
target's, and so found again in the status. Other targets keep no former versions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rollouts.cli.ages import moment
from rollouts.cli.canaries.found import Found
from rollouts.cli.info import Object, owned_by
from rollouts.cli.revision import CAUSE, Revision
from rollouts.cluster.port import Json
from rollouts.model.status import Phase

NUMBER = "deployment.kubernetes.io/revision"
_ADDED = "pod-template-hash"


def revisions(canary: Found, replica_sets: Sequence[Json]) -> list[Revision]:
    """Every version that is kept, the newest first."""
    mine = [] if canary.target is None else owned_by(replica_sets, canary.target)
    return [_revision(canary, rs) for rs in sorted(mine, key=lambda rs: -_number(rs))]


def _revision(canary: Found, rs: Object) -> Revision:
    hash_ = canary.dialect.hash_of({"kind": "Deployment", "spec": {"template": _template(rs)}})
    verdict, why = _verdict(canary, hash_)
    return Revision(
        number=_number(rs),
        hash=hash_,
        images=tuple(str(c.get("image", "")) for c in rs["spec"]["template"]["spec"].get("containers") or ()),
        cause=(rs["metadata"].get("annotations") or {}).get(CAUSE, ""),
        created=moment(rs["metadata"].get("creationTimestamp")),
        seconds=None,
        verdict=verdict,
        why=why,
    )


def _verdict(canary: Found, hash_: str) -> tuple[str, str]:
    """What it is now, as far as the status tells; and why."""
    status = canary.rollout.status
    promoted = status.condition("Promoted")
    if hash_ == status.ticks.promoted:
        return "promoted", ""
    if status.phase is Phase.WAITING and hash_ == canary.rollout.target:
        return "waiting", promoted.message if promoted else ""
    if hash_ != status.ticks.applied:
        return "", ""
    if status.phase is Phase.FAILED:
        return "failed", promoted.message if promoted else ""
    return "under way", ""


def _template(rs: Object) -> Mapping[str, Any]:
    """The template as the Deployment has it."""
    template: Mapping[str, Any] = rs["spec"]["template"]
    labels = {key: value for key, value in (template["metadata"].get("labels") or {}).items() if key != _ADDED}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def _number(rs: Object) -> int:
    text = (rs["metadata"].get("annotations") or {}).get(NUMBER, "")
    return int(text) if text.isdigit() else 0
