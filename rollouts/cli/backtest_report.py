"""A backtest for people and for programs. Called by `backtest`; pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from analysis.backtest import Played, Sample
from analysis.model import Phase
from analysis.spells import Spell
from analysis.units import format_duration, format_time
from rollouts.cli.ages import human
from rollouts.cli.backtest_figures import Hits, Outcomes, Story, aborts, hits, kind, outcomes, story
from rollouts.cli.backtest_line import SIGNS, Mark, rows
from rollouts.cli.backtest_play import Tried
from rollouts.cli.chart import number
from rollouts.cli.style import Style, columns, cut

MOST_ROWS = 20
"""Rows of a table; what is beyond is counted, and whole in JSON."""
_WORDS = {"passed": "would go through", "aborted": "would abort", "paused": "would pause", "unfinished": "end unknown"}
_NAMES = {
    Phase.SUCCESSFUL: "good",
    Phase.FAILED: "failed",
    Phase.ERROR: "error",
    Phase.INCONCLUSIVE: "inconclusive",
}


def lines(tried: Tried, style: Style) -> Iterator[str]:
    """The whole report, as wide as the terminal."""
    for note in tried.notes:
        yield from (style.dim(line) for line in cut(f"note: {note}", style.width))
    yield style.bold(tried.case.title)
    yield from cut(_what(tried), style.width)
    yield ""
    yield from rows(_marks(tried), (tried.words.first, tried.words.last), style)
    yield ""
    yield from _verdict(tried, style)
    yield from _stops(tried, style) if tried.words.events is None else _releases(tried, style)
    yield ""
    yield from _metrics(tried, style)
    yield ""
    yield from cut(_cost(tried), style.width)


def _what(tried: Tried) -> str:
    first, last = tried.words.first, tried.words.last
    span = f"{_moment(first)} to {_moment(last)} UTC ({human(last - first)})"
    if tried.every is None:
        return f"{span}, a run at each of {_count(len(tried.runs), 'release')}"
    return f"{span}, a run at each {format_duration(tried.every)}: {_count(len(tried.runs), 'run')}"


def _count(number_: int, noun: str) -> str:
    return f"{number_:,} {noun}" + ("" if number_ == 1 else "s")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}" + (f":{at:%S}" if at.second else "")


def _marks(tried: Tried) -> list[tuple[str, list[Mark]]]:
    found = [(name, [(sample.at, _sign(sample)) for sample in samples]) for name, samples in tried.stories.items()]
    title = "releases" if tried.every is None else "runs"
    return [*found, (title, [(run.start.at, kind(run)) for run in tried.runs])]


def _sign(sample: Sample) -> str:
    return "empty" if sample.is_empty else _NAMES[sample.measurement.phase]


def _verdict(tried: Tried, style: Style) -> Iterator[str]:
    found = outcomes(tried.runs)
    for name, words in _WORDS.items():
        count = getattr(found, name)
        if count or name in ("passed", "aborted"):
            sign, tone = SIGNS[name]
            line = f"{sign if name != 'passed' else '✔'} {count:>7,} {words:<16} {count / found.total:>6.1%}"
            yield "  " + (style.tone(line, tone) if count else style.dim(line))
    known = hits(tried)
    if known:
        yield ""
        yield from _known(known, style)


def _known(known: Hits, style: Style) -> Iterator[str]:
    if known.bad:
        text = f"  {known.caught} of {_count(known.bad, 'bad release')} would have been stopped"
        yield style.tone(text, "good" if known.caught == known.bad else "bad")
    if known.good:
        text = f"  {known.false_alarms} of {_count(known.good, 'good release')} would have been stopped (false alarms)"
        yield style.tone(text, "bad" if known.false_alarms else "good")


def _stops(tried: Tried, style: Style) -> Iterator[str]:
    """When runs that began would have aborted, in stretches."""
    found = aborts(tried)
    if not found:
        return
    yield ""
    cells = [("RUNS THAT BEGAN", "COUNT", "LASTED"), *(_stop(spell) for spell in found[:MOST_ROWS])]
    reasons = [_reason(spell.of[0]) for spell in found[:MOST_ROWS]]
    yield from _table(cells, ["WHY THE FIRST WOULD ABORT", *reasons], style)
    yield from _rest(len(found), style)


def _stop(spell: Spell[Played]) -> tuple[str, str, str]:
    same_day = f"{spell.first:%F}" == f"{spell.last:%F}"
    until = f"{spell.last:%H:%M:%S}" if same_day else f"{spell.last:%F %H:%M:%S}"
    span = f"{spell.first:%F %H:%M:%S} to {until}" if len(spell.of) > 1 else f"{spell.first:%F %H:%M:%S}"
    return span, f"{len(spell.of):,}", human(spell.length) if len(spell.of) > 1 else "-"


def _reason(run: Played) -> str:
    return run.status.message or str(run.status.phase)


def _releases(tried: Tried, style: Style) -> Iterator[str]:
    yield ""
    shown = tried.runs[:MOST_ROWS]
    cells = [("AT", "RELEASE", "KNOWN", "VERDICT", "AFTER"), *(_release(run) for run in shown)]
    yield from _table(cells, ["WHY", *(_reason(run) if run.is_abort else "" for run in shown)], style)
    yield from _rest(len(tried.runs), style)


def _release(run: Played) -> tuple[str, ...]:
    known = {True: "bad", False: "good", None: "-"}[run.start.is_bad]
    after = "-" if run.ended is None else human(run.ended - run.start.at)
    return f"{run.start.at:%F %H:%M:%S}", run.start.name or "-", known, kind(run), after


def _rest(count: int, style: Style) -> Iterator[str]:
    if count > MOST_ROWS:
        yield style.dim(f"  and {count - MOST_ROWS:,} more: -o json has them all")


def _table(cells: Sequence[Sequence[str]], last: Sequence[str], style: Style) -> Iterator[str]:
    """Aligned columns, and one more that is broken where the line ends; below them where no room is left."""
    heads = columns(cells, gap=2)
    room = style.width - len(heads[0]) - 4
    for place, (head, text) in enumerate(zip(heads, last, strict=True)):
        first, *more = cut(text, room) if text and room >= 24 else [""]
        line = f"  {head}  {first}".rstrip()
        yield style.dim(line) if place == 0 else line
        yield from (f"  {'':{len(head)}}  {rest}" for rest in more)
        if text and room < 24 and place:
            yield from (f"    {rest}" for rest in cut(text, style.width - 4))


def _metrics(tried: Tried, style: Style) -> Iterator[str]:
    found = [story(name, samples) for name, samples in tried.stories.items()]
    titles = ("METRIC", "ASKED", "GOOD", "BAD", "ERROR", "NO DATA", "LEAST", "MEDIAN", "MOST")
    heads = columns([titles, *(_numbers(each) for each in found)], gap=2)
    yield from (f"  {style.dim(line) if place == 0 else line}".rstrip() for place, line in enumerate(heads))
    for each in found:
        yield from (f"  {line}" for spell in _longest(each) for line in cut(f"{each.name}: {spell}", style.width - 2))


def _numbers(each: Story) -> tuple[str, ...]:
    bad = each.phases[Phase.FAILED] + each.phases[Phase.INCONCLUSIVE]
    values = ["-"] * 3 if each.values is None else [number(value) for value in each.values]
    counts = (each.measured, each.phases[Phase.SUCCESSFUL], bad, each.phases[Phase.ERROR], each.empty)
    return (each.name, *(f"{count:,}" for count in counts), *values)


def _longest(each: Story) -> Iterator[str]:
    if each.worst:
        yield f"longest streak that was not good: {_spell(each.worst)}"
    if each.silence:
        yield f"{_count(len(each.silences), 'spell')} without data, the longest: {_spell(each.silence)}"


def _spell(spell: Spell[Sample]) -> str:
    count = _count(len(spell.of), "measurement")
    return f"{count} from {_moment(spell.first)} on" + (f", over {human(spell.length)}" if spell.length else "")


def _cost(tried: Tried) -> str:
    asked = sum(run.taken for run in tried.runs)
    each = asked / max(1, len(tried.runs))
    return f"Cost: {each:.1f} queries a run on average; this backtest needed {tried.queries:,}."


def as_json(tried: Tried) -> dict[str, Any]:
    """The same for programs, with every run and every sample."""
    known, words = hits(tried), tried.words
    return {
        "analysis": tried.case.title,
        "from": format_time(words.first),
        "to": format_time(words.last),
        "everySeconds": None if tried.every is None else tried.every.total_seconds(),
        "summary": _summary(outcomes(tried.runs)),
        "known": None if known is None else _hits(known),
        "aborts": [_abort(spell) for spell in aborts(tried)],
        "metrics": [_metric(story(name, samples), samples) for name, samples in tried.stories.items()],
        "runs": [_run(run) for run in tried.runs],
        "queries": {"ofARun": _mean(tried.runs), "ofThisBacktest": tried.queries},
        "notes": list(tried.notes),
    }


def _summary(found: Outcomes) -> dict[str, Any]:
    counts = {name: getattr(found, name) for name in _WORDS}
    return {"runs": found.total, **counts, "abortedShare": round(found.aborted / max(1, found.total), 6)}


def _hits(known: Hits) -> dict[str, int]:
    return {"bad": known.bad, "badStopped": known.caught, "good": known.good, "goodStopped": known.false_alarms}


def _mean(runs: Sequence[Played]) -> float:
    return round(sum(run.taken for run in runs) / max(1, len(runs)), 3)


def _abort(spell: Spell[Played]) -> dict[str, Any]:
    return {**_within(spell), "runs": len(spell.of), "message": _reason(spell.of[0])}


def _within(spell: Spell[Any]) -> dict[str, Any]:
    return {"from": format_time(spell.first), "to": format_time(spell.last)}


def _metric(each: Story, samples: Sequence[Sample]) -> dict[str, Any]:
    return {
        "name": each.name,
        "measured": each.measured,
        "phases": {str(phase): count for phase, count in each.phases.items()},
        "noData": each.empty,
        "longestNotGood": None if each.worst is None else {**_within(each.worst), "measurements": len(each.worst.of)},
        "noDataSpells": [{**_within(spell), "measurements": len(spell.of)} for spell in each.silences],
        "values": None if each.values is None else dict(zip(("least", "median", "most"), each.values, strict=True)),
        "samples": [_sample(sample) for sample in samples],
    }


def _sample(sample: Sample) -> dict[str, Any]:
    found = {"at": format_time(sample.at), "phase": str(sample.measurement.phase), "value": sample.measurement.value}
    return {**found, "message": sample.measurement.message} if sample.measurement.message else found


def _run(run: Played) -> dict[str, Any]:
    return {
        "start": format_time(run.start.at),
        "name": run.start.name,
        "outcome": kind(run),
        "phase": str(run.status.phase),
        "message": run.status.message,
        "seconds": None if run.ended is None else int((run.ended - run.start.at) / timedelta(seconds=1)),
        "measurements": run.taken,
    }
