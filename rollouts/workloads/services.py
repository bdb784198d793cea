"""A Service that follows a version: its selector gets the hash, and a mark of who holds it (Argo §2.6)."""

from rollouts.model.effects import PointService
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Modify, Ref
from rollouts.model.rollout import Rollout


def point(effect: PointService, rollout: Rollout) -> Modify:
    """Make the Service select the version with this hash."""
    body = {
        "metadata": {"annotations": {MANAGED_BY: rollout.name}},
        "spec": {"selector": {HASH_LABEL: effect.hash}},
    }
    return Modify(Ref("v1", "Service", rollout.namespace, effect.service), body, is_strategic=True)
