"""How commands write into a rollout: the patches that Argo's own clients send. Called by actions, promote and undo."""

from typing import Any

from rollouts.cli.session import Session
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Patch, PatchType


def patch_spec(session: Session, name: str, spec: dict[str, Any]) -> None:
    """Merge into the spec."""
    session.api.patch(session.target(ROLLOUTS, name), Patch(PatchType.MERGE, {"spec": spec}))


def patch_status(session: Session, name: str, status: dict[str, Any]) -> None:
    """Merge into the status; a server whose CRD has no status subresource takes it with the object."""
    patch = Patch(PatchType.MERGE, {"status": status})
    try:
        session.api.patch(session.target(ROLLOUTS, name, "status"), patch)
    except NotFoundError:
        session.api.patch(session.target(ROLLOUTS, name), patch)
