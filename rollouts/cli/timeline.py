"""`events ROLLOUT`: what happened to a rollout and to all that it owns, merged in the order in which it happened."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import click

from rollouts.cli.ages import human, moment
from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import either
from rollouts.cli.info import HASH
from rollouts.cli.session import CommandError, Session
from rollouts.cli.style import Style, columns, cut, style_of
from rollouts.cluster.kinds import ANALYSIS_RUNS, EVENTS, EXPERIMENTS, PODS, REPLICA_SETS
from rollouts.cluster.port import Json

Object = Mapping[str, Any]
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NARROW = 36
"""With less room than this for it, a message has lines of its own."""


class Happening(NamedTuple):
    """An event, as it is told. `times` is how often it came until `at`."""

    at: datetime
    object: str
    type: str
    reason: str
    message: str
    times: int


@click.command(
    "events",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
  # What happened, the latest last
  kubectl argo rollouts events guestbook

  # Only what went wrong
  kubectl argo rollouts events guestbook --warnings
""",
)
@click.argument("name")
@click.option("--warnings", "only_warnings", is_flag=True, help="Leave out what is normal.")
@click.option("-o", "--output", "form", default="text", metavar="format", help="text or json.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.pass_obj
def events(session: Session, name: str, only_warnings: bool, form: str, no_colour: bool) -> None:
    """Show the events of a rollout, its ReplicaSets, pods, AnalysisRuns and experiments in the order they happened.

    NAME may be a Canary's: then those of its target, its primary and their pods belong to them.
    """
    if form not in ("text", "json"):
        raise CommandError(f'unknown output format "{form}": known are text, json')
    uids = either(session, name, lambda bare: _of_rollout(session, bare), lambda canary: _of_canary(session, canary))
    found = merged(session.all_of(EVENTS), uids)
    told = [each for each in found if each.type != "Normal" or not only_warnings]
    if form == "json":
        click.echo(json.dumps([_json(each) for each in told], indent=2, ensure_ascii=False))
        return
    if not told:
        click.echo("No events found.", err=True)
    style = style_of(session.is_terminal, no_colour=no_colour)
    for line in lines(told, style, session.now()):
        click.echo(line, color=style.is_coloured)


def _of_rollout(session: Session, name: str) -> set[str]:
    kinds = (REPLICA_SETS, EXPERIMENTS, ANALYSIS_RUNS)
    owned = [*(obj for kind in kinds for obj in session.all_of(kind)), *session.all_of(PODS, HASH)]
    return family(session.rollout(name), owned)


def _of_canary(session: Session, manifest: Json) -> set[str]:
    """The target is not owned, but what happens to it and its pods is part of the story."""
    from rollouts.cli.canaries.found import found
    from rollouts.cli.canaries.picture import owned_kinds

    canary = found(session, manifest)
    owned = [obj for kind, labels in owned_kinds(canary) for obj in session.all_of(kind, labels)]
    return family(manifest, owned) | (family(canary.target, owned) if canary.target else set())


def family(rollout: Object, objects: Iterable[Object]) -> set[str]:
    """The uids of a rollout and of all that it owns, to any depth."""
    owners: dict[str, list[str]] = {}
    for obj in objects:
        for owner in obj["metadata"].get("ownerReferences") or ():
            owners.setdefault(owner.get("uid", ""), []).append(obj["metadata"].get("uid", ""))
    found, ahead = set[str](), [rollout["metadata"].get("uid", "")]
    while ahead:
        uid = ahead.pop()
        if uid not in found:
            found.add(uid)
            ahead += owners.get(uid, [])
    return found


def merged(found: Sequence[Json], uids: set[str]) -> list[Happening]:
    """Those about these objects in order of time; in the same second, in the order in which they were written."""
    mine = [event for event in found if (event.get("involvedObject") or {}).get("uid") in uids]
    return [_happening(event) for event in sorted(mine, key=lambda event: (_at(event), _version(event)))]


def _at(event: Object) -> datetime:
    """When it happened last."""
    series = event.get("series") or {}
    texts = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    first = (event.get("firstTimestamp"), event["metadata"].get("creationTimestamp"))
    known = (moment(text) for text in (*texts, *first) if text)
    return next((at.replace(microsecond=0) for at in known if at), _BEGINNING)


def _version(event: Object) -> tuple[int, str]:
    text = str(event["metadata"].get("resourceVersion") or "")
    return (int(text) if text.isdigit() else 0), event["metadata"].get("name", "")


def _happening(event: Object) -> Happening:
    about, series = event.get("involvedObject") or {}, event.get("series") or {}
    return Happening(
        at=_at(event),
        object=f"{about.get('kind', '')}/{about.get('name', '')}",
        type=str(event.get("type") or "Normal"),
        reason=str(event.get("reason") or ""),
        message=" ".join(str(event.get("message") or "").split()),
        times=int(series.get("count") or event.get("count") or 1),
    )


def lines(told: Sequence[Happening], style: Style, now: datetime) -> Iterator[str]:
    """A line each, the message wrapped below itself; on a narrow terminal the message has lines of its own."""
    if not told:
        return
    rows = [(f"{each.at:%H:%M:%S}", _age(each, now), each.reason, each.object) for each in told]
    heads = columns([("TIME", "AGE", "REASON", "OBJECT"), *rows], gap=2)
    room = style.width - len(heads[0]) - 2
    is_narrow = room < NARROW
    yield style.dim(_shortened(heads[0], style) if is_narrow else f"{heads[0]}  MESSAGE")
    for each, head in zip(told, heads[1:], strict=True):
        tone = None if each.type == "Normal" else "warn"
        words = cut(each.message, style.width - 4 if is_narrow else room) or [""]
        first = _shortened(head, style) if is_narrow else f"{head}  {words.pop(0)}".rstrip()
        yield style.tone(first, tone)
        yield from (" " * (4 if is_narrow else len(head) + 2) + word for word in words if word)


def _shortened(head: str, style: Style) -> str:
    head = head.rstrip()
    return head if len(head) <= style.width else f"{head[: style.width - 1]}…"


def _age(each: Happening, now: datetime) -> str:
    times = f" (x{each.times})" if each.times > 1 else ""
    return f"{human(now - each.at)}{times}"


def _json(each: Happening) -> dict[str, Any]:
    return {**each._asdict(), "at": f"{each.at:%Y-%m-%dT%H:%M:%SZ}"}
