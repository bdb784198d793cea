"""Where a rollout's pod template lives: in itself, or in the Deployment that it refers to. For undo and images."""

from typing import Any

from rollouts.cli.session import CommandError, Session
from rollouts.cluster.kinds import DEPLOYMENTS, ROLLOUTS
from rollouts.cluster.port import Json, Target


def template_holder(session: Session, rollout: Json) -> tuple[Target, Json]:
    """The object to write the template into, and what it is now."""
    reference = rollout["spec"].get("workloadRef")
    if not reference:
        return session.target(ROLLOUTS, rollout["metadata"]["name"]), rollout
    if reference.get("kind") != "Deployment":
        raise CommandError(f"workloadRef of kind {reference.get('kind')!r} is not supported here: only Deployment")
    target = session.target(DEPLOYMENTS, reference["name"])
    return target, session.api.get(target)


def as_applied(template: dict[str, Any]) -> None:
    """Change it into what Go's types make of it: no creationTimestamp, and resources in each container."""
    (template.get("metadata") or {}).pop("creationTimestamp", None)
    for part in ("containers", "initContainers"):
        for container in template["spec"].get(part) or ():
            container.setdefault("resources", {})
