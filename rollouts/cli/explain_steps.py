"""A canary's steps in words. Called by explain and by the time line of `simulate`; pure, takes steps as written."""

from collections.abc import Callable, Mapping
from typing import Any

from rollouts.cli.ages import human, in_seconds

Step = Mapping[str, Any]


def step_words(step: Step) -> str:
    """`setWeight 20`, `pause 5m`, `pause until promoted`, `analysis success-rate, latency`."""
    for name, words in _WORDS.items():
        if name in step:
            return words(step[name])
    return next(iter(step), "an empty step")


def pause_seconds(step: Step) -> float | None:
    """How long a pause step lasts; None for one that a person ends, and for other steps."""
    if "pause" not in step:
        return None
    duration = (step["pause"] or {}).get("duration")
    span = None if duration in (None, "") else in_seconds(duration)
    return None if span is None else span.total_seconds()


def _pause(pause: Any) -> str:
    duration = (pause or {}).get("duration")
    if duration in (None, ""):
        return "pause until promoted"
    span = in_seconds(duration)
    return f"pause {duration if span is None else human(span)}"


def _analysis(analysis: Any) -> str:
    names = [str(each.get("templateName")) for each in (analysis or {}).get("templates") or ()]
    return f"analysis {', '.join(names)}".rstrip()


def _scale(scale: Any) -> str:
    for name in ("replicas", "weight"):
        if (scale or {}).get(name) is not None:
            return f"setCanaryScale {name} {scale[name]}"
    return "setCanaryScale matching the weight"


def _experiment(experiment: Any) -> str:
    names = [str(each.get("name")) for each in (experiment or {}).get("templates") or ()]
    duration = (experiment or {}).get("duration")
    return f"experiment {', '.join(names)}" + (f" for {duration}" if duration else "")


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "setWeight": lambda weight: f"setWeight {weight}",
    "pause": _pause,
    "analysis": _analysis,
    "setCanaryScale": _scale,
    "experiment": _experiment,
    "setHeaderRoute": lambda route: f"setHeaderRoute {(route or {}).get('name', '')}",
    "setMirrorRoute": lambda route: f"setMirrorRoute {(route or {}).get('name', '')}",
    "plugin": lambda plugin: f"plugin {(plugin or {}).get('name', '')}",
}
