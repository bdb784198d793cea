"""What `sluice backtest` is given: templates, arguments, a span of time, releases of the past. Called by backtest_play.

Every mistake is told with the flag or the file and line that holds it, before any metric service is asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analysis.backtest import Start, concrete
from analysis.errors import AnalysisError
from analysis.expression.conditions import check
from analysis.model import Arg, Metric, RunSpec
from analysis.recording import WITH_A_PAST
from analysis.validation import faults
from rollouts.cli import files
from rollouts.cli.ages import in_seconds
from rollouts.cli.session import CommandError
from rollouts.cluster.port import Json
from rollouts.dialects.argo.analysis import parse_run, run_spec
from rollouts.model.strategy import AnalysisRef, TemplateRef

TEMPLATES = ("AnalysisTemplate", "ClusterAnalysisTemplate")
EVENTS = (
    """a list of releases, each `{at: 2026-11-20T10:00:00Z, name: v1.2, outcome: good|bad}` (name, outcome: optional)"""
)
_OUTCOMES = {"good": False, "bad": True, None: None}


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be tried: the run that the templates make, and what of them is left out, with the reasons."""

    title: str
    spec: RunSpec
    notes: tuple[str, ...] = ()


def case_of(paths: Sequence[str], chosen: str, pairs: Sequence[str], address: str) -> Case:
    """The analysis of these files. `chosen` names the template if there are several, `pairs` are its arguments."""
    found = files.read(paths)
    if found.faults:
        raise CommandError("; ".join(str(fault) for fault in found.faults))
    objects = [item.object for item in found.items]
    given = [_argument(pair) for pair in pairs]
    subject = _subject(objects, chosen, ", ".join(paths))
    spec = _spec(subject, objects, given)
    metrics, notes = _with_a_past(spec.metrics, address)
    notes += tuple(
        f"--arg {arg.name}: no argument of the template" for arg in given if not _is_known(subject, arg, objects)
    )
    return Case(f"{subject['kind']} {subject['metadata']['name']}", replace(spec, metrics=metrics), notes)


def _subject(objects: Sequence[Json], chosen: str, where: str) -> Json:
    """The template, or run, that is to be tried: the one that is named, or the only one that no other is made of."""
    known = {obj["metadata"]["name"]: obj for obj in objects if obj.get("kind") in (*TEMPLATES, "AnalysisRun")}
    if chosen:
        if chosen not in known:
            raise CommandError(f'--template "{chosen}" is not in {where}, which has {_listed(known)}')
        return known[chosen]
    nested = {
        ref.get("templateName") for obj in known.values() for ref in (obj.get("spec") or {}).get("templates") or ()
    }
    tops = [obj for name, obj in known.items() if name not in nested]
    if len(tops) != 1:
        cure = f"choose one of {_listed(known)} with --template" if known else "name a file with an AnalysisTemplate"
        raise CommandError(f"{where}: {len(tops)} analysis templates: {cure}")
    return tops[0]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _argument(pair: str) -> Arg:
    name, equals, value = pair.partition("=")
    if not equals or not name:
        raise CommandError(f'--arg "{pair}": write it as NAME=VALUE')
    return Arg(name, value)


def _spec(subject: Json, objects: Sequence[Json], given: Sequence[Arg]) -> RunSpec:
    templates = [obj for obj in objects if obj.get("kind") in TEMPLATES]
    try:
        if subject["kind"] in TEMPLATES:
            ref = TemplateRef(subject["metadata"]["name"], subject["kind"] == TEMPLATES[1])
            spec = parse_run({"spec": run_spec(AnalysisRef((ref,)), templates, given)})
        else:
            spec = parse_run(subject)
            values = {arg.name: arg.value for arg in given}
            spec = replace(spec, args=tuple(replace(a, value=values.get(a.name, a.value)) for a in spec.args))
        _refuse_unknown(spec.args)
        made = concrete(spec)
    except AnalysisError as error:
        raise CommandError(f"{subject['metadata']['name']}: {_with_cure(str(error))}") from error
    wrong = [*_mistakes(made.metrics)]
    if wrong:
        raise CommandError(f"{subject['metadata']['name']}: {'; '.join(wrong)}")
    return made


def _mistakes(metrics: Sequence[Metric]) -> Iterator[str]:
    """What is wrong with metrics whose arguments are filled in."""
    yield from (f"spec.{path}: {text}" for path, text in faults(metrics))
    for place, metric in enumerate(metrics):
        conditions = {"successCondition": metric.success_condition, "failureCondition": metric.failure_condition}
        for name, text in conditions.items():
            try:
                if text:
                    check(text)
            except AnalysisError as error:
                yield f"spec.metrics[{place}].{name} {text!r}: {error}"


def _refuse_unknown(args: Iterable[Arg]) -> None:
    """Values that only a cluster knows must be given here."""
    missing = [arg.name for arg in args if arg.value is None]
    if missing:
        flags = " ".join(f"--arg {name}=VALUE" for name in missing)
        raise CommandError(f"the cluster alone knows the value of {', '.join(missing)}: give it here, with {flags}")


def _with_cure(said: str) -> str:
    return f"{said}: give it a value with --arg NAME=VALUE" if "was not resolved" in said else said


def _is_known(subject: Json, arg: Arg, objects: Sequence[Json]) -> bool:
    return any(
        arg.name == known.get("name")
        for obj in (subject, *objects)
        for known in (obj.get("spec") or {}).get("args") or ()
    )


def _with_a_past(metrics: Sequence[Metric], address: str) -> tuple[tuple[Metric, ...], tuple[str, ...]]:
    """The metrics that can be asked for what was, at this address if one is given; a note for each other."""
    kept = tuple(_asked_at(metric, address) for metric in metrics if metric.provider in WITH_A_PAST)
    if not kept:
        raise CommandError(
            f"no metric can be asked for what was: only {', '.join(WITH_A_PAST)} can, here are "
            f"{_listed({metric.provider for metric in metrics})}"
        )
    left_out = (metric for metric in metrics if metric.provider not in WITH_A_PAST)
    return kept, tuple(f"metric {m.name} is left out: {m.provider} cannot be asked for what was" for m in left_out)


def _asked_at(metric: Metric, address: str) -> Metric:
    return replace(metric, settings={**metric.settings, "address": address}) if address else metric


def moment_of(flag: str, text: str, now: datetime) -> datetime:
    """`now`, `24h` or `7d` ago, or a time of the calendar; in whole seconds."""
    if text == "now":
        return now.replace(microsecond=0)
    span = days(text.lstrip("-").removesuffix("ago").strip())
    if span is not None:
        return (now - span).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f'invalid argument "{text}" for "{flag}" flag: write a time (2026-11-20T10:00:00Z, 2026-11-20), '
            "how long ago (24h, 7d), or now"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def days(text: str) -> timedelta | None:
    """A Go duration, or whole days (7d)."""
    number, unit = text[:-1], text[-1:]
    if unit == "d" and number.isdigit():
        return timedelta(days=int(number))
    return in_seconds(text)


def span_of(flag: str, text: str) -> timedelta | None:
    """A duration above zero; None where none is given."""
    if not text:
        return None
    span = days(text)
    if not span:
        raise CommandError(f'invalid argument "{text}" for "{flag}" flag: write it as 90s, 1h30m or 2d')
    return span


def events_of(path: str) -> tuple[Start, ...]:
    """The releases of a file, in order of time."""
    from rollouts.gitsync import yaml12

    try:
        documents = list(yaml12.load(files.read_text(path)))
    except yaml12.YamlError as error:
        raise CommandError(f"{path}:{error.line}: {error}") from error
    found = [
        entry for document in documents for entry in (document.value if isinstance(document.value, list) else [None])
    ]
    if not found:
        raise CommandError(f"{path}: no releases: write {EVENTS}")
    return tuple(sorted((_event(path, place, entry) for place, entry in enumerate(found)), key=lambda start: start.at))


def _event(path: str, place: int, entry: Any) -> Start:
    if isinstance(entry, str | datetime):
        entry = {"at": entry}
    if not isinstance(entry, dict) or not entry.get("at"):
        raise CommandError(f"{path}: [{place}] is no release: write {EVENTS}")
    beyond = sorted(entry.keys() - {"at", "name", "outcome"})
    if beyond or entry.get("outcome") not in _OUTCOMES:
        raise CommandError(f"{path}: [{place}].{beyond[0] if beyond else 'outcome'} is not understood: write {EVENTS}")
    try:
        at = datetime.fromisoformat(str(entry["at"]))
    except ValueError:
        raise CommandError(
            f"{path}: [{place}].at {entry['at']!r} is no time: write it as 2026-11-20T10:00:00Z"
        ) from None
    at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    return Start(at, str(entry.get("name", "")), _OUTCOMES[entry.get("outcome")])
