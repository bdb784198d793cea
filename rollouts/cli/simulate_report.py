"""The course of a simulated release, for people and for programs. Called by `sluice simulate`; pure."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from rollouts.cli.simulate_course import Course, Ending, Row
from rollouts.cli.style import Style, columns, cut

SIGNS = {
    Ending.PROMOTED: "✔",
    Ending.ROLLED_BACK: "↩",
    Ending.WAITING: "॥",
    Ending.STUCK: "✖",
    Ending.UNFINISHED: "◌",
}
_TONES = {"✔": "good", "✖": "bad", "⚠": "warn", "?": "warn", "॥": "warn", "⚡": "bad", "●": "accent", "▶": "accent"}
_BAR = 40
"""The longest bar."""


def lines(course: Course, style: Style, notes: Iterable[str] = ()) -> Iterator[str]:
    """The time line and what users had of it, as wide as the terminal."""
    yield from (style.dim(f"note: {note}") for note in notes)
    yield from _table(course.rows, style)
    yield ""
    yield from _summary(course, style)


def _table(rows: Iterable[Row], style: Style) -> Iterator[str]:
    cells = [(_clock(r.after), r.look.step, _percent(r), str(r.look.stable), str(r.look.canary)) for r in rows]
    titles = ("TIME", "STEP", "WEIGHT", "STABLE", "CANARY")
    heads = columns([titles, *cells], gap=2)
    room = max(20, style.width - len(heads[0]) - 2)
    yield style.dim(heads[0] + "  WHAT")
    for row, head in zip(rows, heads[1:], strict=True):
        what = f"{row.sign} {row.what}" if row.what else ""
        tone = _TONES.get(row.sign)
        first, *more = cut(what, room - 2) or [""]
        yield f"{head}  {style.tone(first, tone)}".rstrip()
        yield from (f"{'':{len(head)}}  {style.tone('  ' + line, tone)}" for line in more)


def _percent(row: Row) -> str:
    return "-" if row.look.weight is None else f"{row.look.weight} %"


def _summary(course: Course, style: Style) -> Iterator[str]:
    sign = SIGNS[course.ending or Ending.UNFINISHED]
    tone = "good" if course.ending is Ending.PROMOTED else "warn" if course.ending is Ending.ROLLED_BACK else "bad"
    ending = f"{sign} {course.image}: {course.ending}"
    yield style.tone(style.bold(f"{ending} after {_clock(course.ended)}"), tone)
    if course.ending in (Ending.STUCK, Ending.WAITING, Ending.ROLLED_BACK) and course.last.message:
        yield from (f"  {line}" for line in cut(course.last.message, style.width - 2))
    yield ""
    yield from _users(course, style)


def _users(course: Course, style: Style) -> Iterator[str]:
    harm = course.harm
    if not harm.total.requests:
        yield "Users: no requests came, so nobody was harmed, and no metric of requests could judge the release."
        return
    yield style.bold("Users, from the release on")
    yield f"  requests                   {harm.total.requests:>12,}"
    yield f"  failed                     {harm.total.errors:>12,}   {_share(harm.total.errors, harm.total.requests)}"
    yield f"    by the new version       {harm.seen.errors:>12,}   of {harm.seen.requests:,} requests to it"
    yield f"    had it got all at once   {harm.at_once:>12,.0f}"
    if harm.spared is None:
        yield "  nobody was harmed: the new version fails no more often than the old one"
        return
    head = f"  harm that was avoided      {max(0.0, harm.spared) * 100:>10.1f} %   "
    yield head + _bar(harm.seen.errors / harm.at_once, min(_BAR, style.width - len(head)), style)


def _bar(part: float, room: int, style: Style) -> str:
    """Failed requests, as a part of those that there would have been."""
    full = min(room, max(1 if part else 0, round(part * room)))
    return style.tone("█" * full, "bad") + style.tone("░" * (room - full), "good")


def _share(part: float, whole: int) -> str:
    return f"{part / whole * 100:.2f} %"


def _clock(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def as_json(course: Course, notes: Iterable[str] = ()) -> dict[str, Any]:
    """The same for programs; times are seconds from the release."""
    harm = course.harm
    return {
        "from": course.before,
        "to": course.image,
        "ending": str(course.ending),
        "message": course.last.message,
        "seconds": course.ended.total_seconds(),
        "timeline": [_row(row) for row in course.rows],
        "measurements": course.measured,
        "users": {
            "requests": harm.total.requests,
            "failed": harm.total.errors,
            "requestsToNewVersion": harm.seen.requests,
            "failedByNewVersion": harm.seen.errors,
            "failedAllAtOnce": round(harm.at_once),
            "avoided": None if harm.spared is None else round(harm.spared, 4),
        },
        "notes": list(notes),
    }


def _row(row: Row) -> dict[str, Any]:
    look = row.look
    return {
        "seconds": row.after.total_seconds(),
        "phase": look.phase,
        "step": look.step,
        "weight": look.weight,
        "stable": look.stable._asdict(),
        "canary": look.canary._asdict(),
        "what": row.what,
    }
