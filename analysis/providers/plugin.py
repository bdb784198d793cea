"""Metrics by plugins: programs and packages that an operator adds. What they are told, and what is made of replies.

The only name under `plugin` is the plugin's; its settings are handed over as they are. A reply with a value alone is
judged by the metric's conditions; one with a phase is a verdict of the plugin's own, or says that it is still busy. The
form of both: docs/plugins.md.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from analysis.errors import DurationError, ProviderError, SettingsError
from analysis.model import Measurement, Metric, Phase
from analysis.providers.reading import json_value
from analysis.requests import Flow, Json, Outcome, Pending, Program, Provider, Setting, Sweep, Verdict
from analysis.units import parse_duration

AGAIN_AFTER = timedelta(seconds=10)
"""When a plugin that is still busy, and does not say until when, is asked again."""
SOONEST = timedelta(seconds=1)
_DONE = {phase.value: phase for phase in Phase if phase.is_done}


def run(metric: Metric, setting: Setting) -> Flow:
    """Take a measurement."""
    name = _name(metric)
    reply = yield Program(name, "run", _told(name, metric, setting))
    return outcome_of(name, reply, setting.now)


def resume(metric: Metric, pending: Measurement, setting: Setting) -> Flow:
    """Ask again for one that was not ready."""
    name = _name(metric)
    reply = yield Program(name, "resume", {**_told(name, metric, setting), "measurement": _shown(pending)})
    return outcome_of(name, reply, setting.now)


def terminate(metric: Metric, pending: Measurement, setting: Setting) -> Flow:
    """Tell it that nobody waits any more. What it says of that counts; a plugin need not listen."""
    name = _name(metric)
    told = {**_told(name, metric, setting), "measurement": _shown(pending)}
    reply = yield Program(name, "terminate", told, is_optional=True)
    if not reply:
        return Verdict(Phase.SUCCESSFUL)
    outcome = outcome_of(name, reply, setting.now)
    return outcome if isinstance(outcome, Verdict) else Verdict(Phase.SUCCESSFUL)


def collect(metric: Metric, keep: int, setting: Setting) -> Sweep:
    """Let it take away what older measurements left; a plugin need not."""
    name = _name(metric)
    yield Program(name, "collect", {**_told(name, metric, setting), "keep": keep}, is_optional=True)


def outcome_of(name: str, reply: Any, now: datetime) -> Outcome:
    """A reply as what it means. ProviderError for one of another form."""
    if not isinstance(reply, Mapping):
        raise ProviderError(f"metric plugin {name}: the reply must be an object with value, or with phase")
    phase, message = reply.get("phase") or "", reply.get("message") or ""
    metadata = _metadata(name, reply.get("metadata") or {})
    if phase == Phase.RUNNING or (not phase and "resumeAfter" in reply):
        return Pending(now + _wait(name, reply.get("resumeAfter")), metadata)
    if phase in _DONE:
        text = json_value(reply["value"]).text if reply.get("value") is not None else ""
        return Verdict(_DONE[phase], text, str(message), metadata)
    if phase:
        known = ", ".join(["Running", *sorted(_DONE)])
        raise ProviderError(f"metric plugin {name}: phase {phase!r} is unknown: use one of {known}")
    if "value" not in reply:
        raise ProviderError(f"metric plugin {name}: the reply has neither value nor phase")
    value = json_value(reply["value"])
    return type(value)(value.result, value.text, metadata)


def _metadata(name: str, written: Any) -> dict[str, str]:
    if not isinstance(written, Mapping):
        raise ProviderError(f"metric plugin {name}: metadata of the reply must be an object, not {written!r:.40}")
    return {str(key): str(value) for key, value in written.items()}


def _name(metric: Metric) -> str:
    if len(metric.settings) != 1:
        named = ", ".join(metric.settings) or "none"
        raise SettingsError(f"metric {metric.name}: provider.plugin must name one plugin, it names {named}")
    return next(iter(metric.settings))


def _told(name: str, metric: Metric, setting: Setting) -> Json:
    run = setting.run
    return {
        "name": name,
        "config": metric.settings[name],
        "metric": {
            "name": metric.name,
            "interval": metric.interval,
            "successCondition": metric.success_condition,
            "failureCondition": metric.failure_condition,
        },
        "run": {"namespace": run.namespace, "name": run.name, "uid": run.uid},
        "now": _moment(setting.now),
    }


def _shown(pending: Measurement) -> Json:
    return {
        "startedAt": _moment(pending.started),
        "resumeAt": _moment(pending.resume_at),
        "metadata": dict(pending.metadata),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def _wait(name: str, value: Any) -> timedelta:
    """Seconds, or a duration."""
    if value is None:
        return AGAIN_AFTER
    if isinstance(value, int | float) and not isinstance(value, bool):
        return max(SOONEST, timedelta(seconds=value))
    try:
        return max(SOONEST, parse_duration(value if isinstance(value, str) else ""))
    except DurationError as error:
        why = f"resumeAfter of the reply must be seconds or a duration like 45s, not {value!r:.40}"
        raise ProviderError(f"metric plugin {name}: {why}") from error


PROVIDER = Provider(run=run, resume=resume, terminate=terminate, collect=collect)
