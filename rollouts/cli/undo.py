"""`undo NAME`: the pod template of an earlier revision, taken from its ReplicaSet. Git is not touched."""

import copy
from collections.abc import Sequence
from typing import Any

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import rollouts_name
from rollouts.cli.holder import as_applied, template_holder
from rollouts.cli.info import HASH, revision_of
from rollouts.cli.session import CommandError, Session
from rollouts.cluster.kinds import REPLICA_SETS
from rollouts.cluster.port import Json, Patch, PatchType
from rollouts.workloads import affinity
from rollouts.workloads import metadata as roles


@click.command(
    "undo",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
	# Undo a rollout
	kubectl argo rollouts undo guestbook

	# Undo a rollout to revision 3
	kubectl argo rollouts undo guestbook --to-revision=3
""",
)
@click.argument("name")
@click.option("--to-revision", type=int, default=0, help="The revision to go back to (0: the one before).")
@click.pass_obj
def undo(session: Session, name: str, to_revision: int) -> None:
    """Give a rollout, or the Deployment that it refers to, the pod template of an earlier revision."""
    name = rollouts_name(name, "undo")
    rollout = session.rollout(name)
    target, held = template_holder(session, rollout)
    chosen = _chosen(name, _revisions(session, rollout), to_revision)
    wanted = _template_of(chosen)
    if _template_of({"spec": {"template": held["spec"].get("template") or {}}}) == wanted:
        click.echo(f"skipped rollback (current template already matches revision {revision_of(chosen)})")
        return
    operation = {"op": "replace", "path": "/spec/template", "value": wanted}
    session.api.patch(target, Patch(PatchType.JSON, [operation]))
    click.echo(f"rollout '{name}' undo")


def _revisions(session: Session, rollout: Json) -> list[Json]:
    uid = rollout["metadata"].get("uid")
    found = session.all_of(REPLICA_SETS)
    return [rs for rs in found if any(o.get("uid") == uid for o in rs["metadata"].get("ownerReferences") or ())]


def _chosen(name: str, replica_sets: Sequence[Json], to_revision: int) -> Json:
    ordered = sorted(replica_sets, key=revision_of, reverse=True)
    if to_revision == 0:
        if len(ordered) < 2:
            raise CommandError(f'no revision found for rollout "{name}"')
        return ordered[1]
    for rs in ordered:
        if revision_of(rs) == to_revision:
            return rs
    raise CommandError(f"unable to find specified revision {to_revision} in history")


def _template_of(holder: Json) -> dict[str, Any]:
    """The template as the API writes it, less what its ReplicaSet added: the label, a role's metadata, affinity."""
    notes = holder.get("metadata", {}).get("annotations") or {}
    template: dict[str, Any] = affinity.bare(roles.bare(copy.deepcopy(holder["spec"]["template"]), {}, notes))
    as_applied(template)
    ((template.get("metadata") or {}).get("labels") or {}).pop(HASH, None)
    return template
