"""`history ROLLOUT`: its revisions with image, cause, how long each took and what became of it.

Read from what the cluster keeps: ReplicaSets (as many as revisionHistoryLimit allows), AnalysisRuns, the status, and
events, which most clusters forget after an hour; what nobody remembers is shown as `-`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from rollouts.cli.ages import human, moment
from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import either
from rollouts.cli.info import HASH, revision_of
from rollouts.cli.revision import CAUSE, Revision
from rollouts.cli.session import CommandError, Session
from rollouts.cli.style import Style, columns, cut, style_of
from rollouts.cli.timeline import Happening, merged
from rollouts.cluster.kinds import ANALYSIS_RUNS, EVENTS, REPLICA_SETS
from rollouts.cluster.port import Json

Object = Mapping[str, Any]
FORMER = "rollout.argoproj.io/revision-history"
_BEGUN = re.compile(r"Rollout updated to revision (\d+)")
_ENDED = {
    "RolloutCompleted": (re.compile(r"update to revision (\d+)"), "completed"),
    "RolloutAborted": (re.compile(r"update to revision (\d+)"), "aborted"),
}
_TONES = {
    "stable": "good",
    "active": "good",
    "completed": "good",
    "promoted": "good",
    "waiting": "warn",
    "aborted": "bad",
    "failed": "bad",
    "under way": "accent",
}


@click.command(
    "history",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
  # Which versions were there, and what became of them?
  kubectl argo rollouts history guestbook

  # Go back to one of them
  kubectl argo rollouts undo guestbook --to-revision=3
""",
)
@click.argument("name")
@click.option("-o", "--output", "form", default="text", metavar="format", help="text or json.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.pass_obj
def history(session: Session, name: str, form: str, no_colour: bool) -> None:
    """Show the revisions of a rollout, or of a Canary's target: image, cause, duration and verdict, newest first."""
    if form not in ("text", "json"):
        raise CommandError(f'unknown output format "{form}": known are text, json')
    found = either(session, name, lambda bare: _of_rollout(session, bare), lambda canary: _of_canary(session, canary))
    if form == "json":
        click.echo(json.dumps([_json(each) for each in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo(f'rollout "{name}" has no revisions yet', err=True)
    style = style_of(session.is_terminal, no_colour=no_colour)
    for line in lines(found, style, session.now()):
        click.echo(line, color=style.is_coloured)


def _of_rollout(session: Session, name: str) -> list[Revision]:
    rollout = session.rollout(name)
    told = merged(session.all_of(EVENTS), {rollout["metadata"].get("uid", "")})
    return revisions(rollout, session.all_of(REPLICA_SETS, HASH), session.all_of(ANALYSIS_RUNS), told)


def _of_canary(session: Session, manifest: Json) -> list[Revision]:
    from rollouts.cli.canaries import past
    from rollouts.cli.canaries.found import found

    return past.revisions(found(session, manifest), session.all_of(REPLICA_SETS))


def revisions(
    rollout: Object, replica_sets: Sequence[Json], runs: Sequence[Json], told: Sequence[Happening]
) -> list[Revision]:
    """Every version that is kept, the newest first."""
    uid = rollout["metadata"].get("uid")
    mine = [rs for rs in replica_sets if _is_owned(rs, uid)]
    newest_first = sorted(mine, key=lambda rs: -revision_of(rs))
    return [_revision(rollout, rs, [run for run in runs if _is_owned(run, uid)], told) for rs in newest_first]


def _is_owned(obj: Object, uid: str | None) -> bool:
    return any(owner.get("uid") == uid for owner in obj["metadata"].get("ownerReferences") or ())


def _revision(rollout: Object, rs: Object, runs: Sequence[Json], told: Sequence[Happening]) -> Revision:
    meta, number = rs["metadata"], revision_of(rs)
    notes = meta.get("annotations") or {}
    digest = (meta.get("labels") or {}).get(HASH, "")
    begun, ended, verdict = _course(told, number)
    is_current = digest == (rollout.get("status") or {}).get("currentPodHash")
    own = (rollout["metadata"].get("annotations") or {}).get(CAUSE, "") if is_current else ""
    shown, why = _verdict(rollout, digest, verdict, [run for run in runs if revision_of(run) == number])
    span = (ended - begun).total_seconds() if begun and ended else None
    return Revision(
        number=number,
        hash=digest,
        images=tuple(str(c.get("image", "")) for c in rs["spec"]["template"]["spec"].get("containers") or ()),
        cause=notes.get(CAUSE) or own,
        created=moment(meta.get("creationTimestamp")),
        seconds=span if span is not None else _measured(rollout, is_current),
        verdict=shown,
        why=why,
        former=notes.get(FORMER, ""),
    )


def _course(told: Sequence[Happening], number: int) -> tuple[datetime | None, datetime | None, str]:
    """When an update began and ended, and how, as far as events tell; a version that came back has several."""
    begun: datetime | None = None
    ended: datetime | None = None
    verdict = ""
    for each in told:
        start = _BEGUN.match(each.message) if each.reason == "RolloutUpdated" else None
        if start and int(start[1]) == number:
            begun, ended, verdict = each.at, None, ""
        pattern, word = _ENDED.get(each.reason, (None, ""))
        end = pattern.search(each.message) if pattern else None
        if end and int(end[1]) == number:
            ended, verdict = each.at, word
    return begun, ended, verdict


def _verdict(rollout: Object, digest: str, told: str, runs: Sequence[Json]) -> tuple[str, str]:
    """What it is now, else what became of it; and why."""
    status = rollout.get("status") or {}
    bad = [run for run in runs if (run.get("status") or {}).get("phase") in ("Failed", "Error", "Inconclusive")]
    why = str((bad[-1].get("status") or {}).get("message") or "") if bad else ""
    if digest == status.get("stableRS"):
        return "stable", ""
    if digest == status.get("currentPodHash"):
        return ("aborted", str(status.get("message") or why)) if status.get("abort") else ("under way", why)
    if told:
        return told, why if told == "aborted" else ""
    return ("failed", why) if bad else ("", "")


def _measured(rollout: Object, is_current: bool) -> float | None:
    """What status.duration says of the newest update, once it is over."""
    duration = (rollout.get("status") or {}).get("duration") or {}
    total = duration.get("totalDurationSeconds")
    is_over = bool(duration.get("finishedAt") or duration.get("completionStatus"))
    return float(total) if is_current and is_over and isinstance(total, int | float) else None


def lines(found: Sequence[Revision], style: Style, now: datetime) -> Iterator[str]:
    """A line a revision; causes and reasons stand below."""
    if not found:
        return
    rows = [("REVISION", "VERDICT", "TOOK", "AGE", "IMAGES")]
    rows += [(str(r.number), r.verdict or "-", _took(r), _age(r, now), ", ".join(r.images)) for r in found]
    heads = columns([row[:4] for row in rows], gap=2)
    yield style.dim(f"{heads[0]}  IMAGES")
    for revision, head in zip(found, heads[1:], strict=True):
        marked = head.replace(revision.verdict, style.tone(revision.verdict, _TONES.get(revision.verdict)), 1)
        first, *more = cut(", ".join(revision.images), style.width - len(head) - 2) or [""]
        yield f"{marked}  {first}".rstrip()
        yield from (f"{'':{len(head)}}  {line}" for line in more)
        yield from _notes(revision, style)


def _notes(revision: Revision, style: Style) -> Iterator[str]:
    notes = (("cause", revision.cause), ("why", revision.why), ("was also", revision.former))
    for label, text in notes:
        room = style.width - len(label) - 12
        for index, line in enumerate(cut(text, room) if text else ()):
            head = f"{label}: " if not index else " " * (len(label) + 2)
            yield f"          {style.dim(head)}{line}"


def _took(revision: Revision) -> str:
    if revision.seconds is None:
        return "-"
    minutes, seconds = divmod(int(revision.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _age(revision: Revision, now: datetime) -> str:
    return "-" if revision.created is None else human(now - revision.created)


def _json(revision: Revision) -> dict[str, Any]:
    created = None if revision.created is None else f"{revision.created:%Y-%m-%dT%H:%M:%SZ}"
    return {**revision._asdict(), "created": created, "images": list(revision.images)}
