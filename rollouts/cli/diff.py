"""`diff ROLLOUT`: what the new version's pods have that the stable version's have not.

Templates of ReplicaSets are compared, which the API server has filled in alike; where the new version has no ReplicaSet
yet, the wanted template is compared by the fields that it has.
"""

import copy
import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click
import yaml

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import rollouts_name
from rollouts.cli.info import HASH, revision_of
from rollouts.cli.session import CommandError, Session
from rollouts.cli.style import Style, style_of
from rollouts.cluster.kinds import REPLICA_SETS
from rollouts.cluster.port import Json, Target
from rollouts.workloads import affinity
from rollouts.workloads import metadata as roles

Object = Mapping[str, Any]
CONTEXT = 3


class Version(NamedTuple):
    """A template by its title; `is_whole`: the API server has filled it in."""

    title: str
    template: Json
    is_whole: bool = True


@click.command(
    "diff",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
  # What does the canary change?
  kubectl argo rollouts diff guestbook

  # What changed between two revisions?
  kubectl argo rollouts diff guestbook --from 3 --to 5
""",
)
@click.argument("name")
@click.option(
    "--from", "before", type=int, default=0, metavar="revision", help="Compare this revision, not the stable one."
)
@click.option("--to", "after", type=int, default=0, metavar="revision", help="With this one, not the wanted one.")
@click.option("--exit-code", "is_told", is_flag=True, help="Exit with 1 where there is a difference.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.pass_obj
def diff(session: Session, name: str, before: int, after: int, is_told: bool, no_colour: bool) -> int:
    """Show what the new version's pod template changes in the stable one's."""
    rollout = session.rollout(rollouts_name(name, "diff"))
    uid = rollout["metadata"].get("uid")
    owned = [rs for rs in session.all_of(REPLICA_SETS, HASH) if _is_owned(rs, uid)]
    old = _of_revision(owned, before) if before else _stable(rollout, owned)
    new = _of_revision(owned, after) if after else _wanted(session, rollout, owned)
    style = style_of(session.is_terminal, no_colour=no_colour)
    found = list(lines(old, new, style))
    for line in found or [f"no difference: {old.title} is {new.title}"]:
        click.echo(line, color=style.is_coloured)
    return int(bool(found) and is_told)


def lines(old: Version, new: Version, style: Style) -> Iterator[str]:
    """A unified diff of the two templates as YAML."""
    before = old.template if new.is_whole else _limited(old.template, new.template)
    for line in difflib.unified_diff(_yaml(before), _yaml(new.template), old.title, new.title, lineterm="", n=CONTEXT):
        yield style.tone(line, _tone(line))


def _yaml(template: Json) -> list[str]:
    text: str = yaml.safe_dump(template, sort_keys=True, width=10_000)
    return text.splitlines()


def _tone(line: str) -> str | None:
    if line.startswith(("---", "+++")):
        return "bold"
    return {"-": "bad", "+": "good", "@": "accent"}.get(line[:1])


def _limited(whole: Any, wanted: Any) -> Any:
    """What was filled in and is nowhere in the wanted template is no difference; entries of lists go by name."""
    if isinstance(whole, dict) and isinstance(wanted, dict):
        kept = {key: value for key, value in whole.items() if key in wanted or key not in _FILLED_IN}
        return {key: _limited(value, wanted.get(key)) for key, value in kept.items()}
    if isinstance(whole, list) and isinstance(wanted, list):
        return [_limited(item, _namesake(item, index, wanted)) for index, item in enumerate(whole)]
    return whole


_FILLED_IN = frozenset(
    (
        "dnsPolicy",
        "imagePullPolicy",
        "protocol",
        "restartPolicy",
        "schedulerName",
        "securityContext",
        "terminationGracePeriodSeconds",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "creationTimestamp",
        "resources",
    )
)
"""Fields that an API server gives every pod template."""


def _namesake(item: Any, index: int, wanted: Sequence[Any]) -> Any:
    if isinstance(item, dict) and "name" in item:
        return next((other for other in wanted if isinstance(other, dict) and other.get("name") == item["name"]), None)
    return wanted[index] if index < len(wanted) else None


def _is_owned(rs: Object, uid: str | None) -> bool:
    return any(owner.get("uid") == uid for owner in rs["metadata"].get("ownerReferences") or ())


def _stable(rollout: Object, owned: Sequence[Json]) -> Version:
    digest = (rollout.get("status") or {}).get("stableRS")
    for rs in owned:
        if digest and (rs["metadata"].get("labels") or {}).get(HASH) == digest:
            return _version(rs, "stable")
    raise CommandError(f'rollout "{rollout["metadata"]["name"]}" has no stable version to compare with')


def _wanted(session: Session, rollout: Json, owned: Sequence[Json]) -> Version:
    """The ReplicaSet of the wanted version, or the template that it will be made of."""
    status = rollout.get("status") or {}
    digest = status.get("currentPodHash")
    is_seen = str(status.get("observedGeneration") or "") == str(rollout["metadata"].get("generation") or "")
    for rs in owned:
        if is_seen and digest and (rs["metadata"].get("labels") or {}).get(HASH) == digest:
            return _version(rs, "stable" if digest == status.get("stableRS") else "wanted")
    return Version("wanted (not rolled out yet)", _template(session, rollout), is_whole=False)


def _template(session: Session, rollout: Json) -> Json:
    reference = rollout["spec"].get("workloadRef")
    if not reference:
        found: Json = copy.deepcopy(rollout["spec"].get("template") or {})
        return found
    from rollouts.controller.workloads import REFERENCED
    from rollouts.dialects.argo.reference import resolved

    resource = REFERENCED.get((str(reference.get("apiVersion")), str(reference.get("kind"))))
    if resource is None:
        raise CommandError(f"spec.workloadRef: {reference.get('kind')} cannot be referred to")
    workload = session.api.get(Target(resource, str(reference.get("name")), session.namespace))
    whole: Json = copy.deepcopy(resolved(rollout, workload)["spec"]["template"])
    return whole


def _of_revision(owned: Sequence[Json], number: int) -> Version:
    for rs in owned:
        if revision_of(rs) == number:
            return _version(rs, "")
    there = ", ".join(str(revision_of(rs)) for rs in sorted(owned, key=revision_of)) or "none"
    raise CommandError(f"there is no revision {number}; there are {there}")


def _version(rs: Json, role: str) -> Version:
    """The template without what its ReplicaSet and its role have added."""
    notes = rs["metadata"].get("annotations") or {}
    template: Json = affinity.bare(roles.bare(copy.deepcopy(rs["spec"]["template"]), {}, notes))
    meta = template.get("metadata") or {}
    (meta.get("labels") or {}).pop(HASH, None)
    meta.pop("creationTimestamp", None)
    return Version(" ".join(filter(None, (role, f"revision {revision_of(rs)}", rs["metadata"]["name"]))), template)
