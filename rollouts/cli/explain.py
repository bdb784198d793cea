"""`explain ROLLOUT`: what it waits for, since when, what comes next, what stands in the way, and what one can do."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from rollouts.cli.ages import human
from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import either
from rollouts.cli.session import CommandError, Session
from rollouts.cli.style import Style, cut, style_of
from rollouts.cluster.port import Json

if TYPE_CHECKING:
    from rollouts.cli.explain_seen import Seen

_TONES = {
    **dict.fromkeys(("Healthy", "Succeeded", "Initialized"), "good"),
    **dict.fromkeys(("Degraded", "Failed"), "bad"),
    **dict.fromkeys(("Paused", "Waiting", "WaitingPromotion"), "warn"),
    **dict.fromkeys(("Progressing", "Initializing", "Promoting", "Finalising"), "accent"),
}
_LABEL = 12
_LATE = 2
"""Seconds: what is later than that is overdue; the controller needs a moment, too."""
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z")


@click.command(
    "explain",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
  # Why does it not go on?
  kubectl argo rollouts explain guestbook

  # The same for a program
  kubectl argo rollouts explain guestbook -o json
""",
)
@click.argument("name")
@click.option("-o", "--output", "form", default="text", metavar="format", help="text or json.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.pass_context
def explain(ctx: click.Context, /, name: str, form: str, no_colour: bool) -> None:
    """Explain what a rollout or a Canary waits for, since when, what comes next, and what a person can do.

    The controller's own decision code is run on the live objects; nothing is written.
    """
    session: Session = ctx.obj
    if form not in ("text", "json"):
        raise CommandError(f'unknown output format "{form}": known are text, json')
    program = ctx.find_root().command_path

    def of_rollout(bare: str) -> dict[str, Any]:
        from rollouts.cli.explain_seen import seen

        return explanation(seen(session, bare), program, elsewhere(session))

    told = either(session, name, of_rollout, lambda manifest: _of_canary(session, manifest, program))
    if form == "json":
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    style = style_of(session.is_terminal, no_colour=no_colour)
    for line in lines(told, style, session.now()):
        click.echo(line, color=style.is_coloured)


def _of_canary(session: Session, manifest: Json, program: str) -> dict[str, Any]:
    from rollouts.cli.canaries import look, reasons

    told = reasons.explanation(look.look(session, manifest))
    for deed in told["youCan"]:
        deed["command"] = _command(deed["command"], program) + elsewhere(session)
    return told


def elsewhere(session: Session) -> str:
    """` -n NS` where commands have to say it: the namespace is not the context's own."""
    own = session.api.namespace or "default"
    return "" if session.namespace == own else f" -n {session.namespace}"


def explanation(seen: "Seen", program: str, flags: str = "") -> dict[str, Any]:
    """All of it as plain values; times are RFC 3339. `flags` end each command that is given."""
    from rollouts.cli.canary import steps_of
    from rollouts.cli.explain_next import coming
    from rollouts.cli.explain_steps import step_words
    from rollouts.cli.explain_words import deeds, obstacles
    from rollouts.decide.situation import Situation
    from rollouts.decide.waiting import last_progress

    status, steps, wait = seen.plan.status, steps_of(seen.world.manifest), seen.wait
    at = status.step if status.step is not None and status.step < len(steps) and not status.is_aborted else None
    since = wait.since or last_progress(Situation(seen.snapshot, seen.now, status, ())) if wait else None
    return {
        "name": seen.rollout.name,
        "namespace": seen.rollout.namespace,
        "phase": str(status.phase or "Progressing"),
        "message": status.message,
        "step": None if at is None else f"{at + 1} of {len(steps)}: {step_words(steps[at])}",
        "reason": seen.plan.reason,
        "waitsFor": wait.what if wait else None,
        "since": _stamp(since),
        "byDesign": bool(wait and wait.is_by_design),
        "inTheWay": [{"what": o.what, "cure": o.cure} for o in obstacles(seen)],
        "next": [{"what": c.what, "at": _stamp(c.at), "when": c.when} for c in coming(seen)],
        "youCan": [{"command": _command(d.command, program) + flags, "why": d.why} for d in deeds(seen)],
    }


def lines(told: dict[str, Any], style: Style, now: datetime) -> Iterator[str]:
    """The explanation for people, as wide as the terminal."""
    phase = style.tone(told["phase"], _TONES.get(told["phase"]))
    yield f"{style.bold(told['name'])} in {told['namespace']} is {phase}"
    yield from _field("Step", [told["step"] or ""], style)
    if told["message"] and told["phase"] != "Healthy":
        yield from _field("Message", [told["message"]], style)
    yield from _field("Why", [told.get("why") or ""], style, tone="bad")
    yield from _field("Waits for", [_waiting(told, now)], style)
    obstacles = [o["what"] + _after(o["cure"], " → ") for o in told["inTheWay"]]
    yield from _field("In the way", obstacles, style, tone="bad" if not told["byDesign"] else None)
    yield from _field("Next", [_coming(c, now) for c in told["next"]], style)
    width = max((len(d["command"]) for d in told["youCan"]), default=0)
    yield from _field("You can", [f"{d['command']:<{width}}  {d['why']}" for d in told["youCan"]], style, tone="accent")


def _waiting(told: dict[str, Any], now: datetime) -> str:
    if told["waitsFor"] is None:
        return "" if told["inTheWay"] else "nothing: " + told["reason"]
    since = told["since"]
    age = f", since {since} ({human(now - datetime.fromisoformat(since))})" if since else ""
    return f"{_moment_first(told['waitsFor'], now)}{age}"


def _moment_first(what: str, now: datetime) -> str:
    """`until 11:00:16 (BlueGreenPause)` for what is waited for until a moment; the day is told where it is another."""
    found = _MOMENT.match(what)
    if found is None:
        return what
    day = "" if found[1] == f"{now:%Y-%m-%d}" else f"{found[1]} "
    return f"until {day}{found[2]}{what[found.end() :]}"


def _coming(coming: dict[str, Any], now: datetime) -> str:
    if coming["when"] or not coming["at"]:
        return f"{_after(coming['when'], '', ': ')}{coming['what']}"
    left = datetime.fromisoformat(coming["at"]) - now
    seconds = left.total_seconds()
    moment = f"in {human(left)}" if seconds > 0 else "now" if seconds > -_LATE else "overdue"
    return f"at {coming['at']} ({moment}): {coming['what']}"


def _field(label: str, values: list[str], style: Style, *, tone: str | None = None) -> Iterator[str]:
    """A label and its values, wrapped and indented."""
    head = f"{label:<{_LABEL}}"
    for value in filter(None, values):
        for index, line in enumerate(cut(value, style.width - _LABEL - 2)):
            yield f"{style.dim(head)}{style.tone('  ' * bool(index) + line, tone)}"
            head = " " * _LABEL


def _after(text: str | None, before: str, behind: str = "") -> str:
    return f"{before}{text}{behind}" if text else ""


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _command(command: str, program: str) -> str:
    return command if command.startswith("kubectl ") else f"{program} {command}"
