"""What the embedded cluster's programs do: a value that the demo, `sluice simulate` and the tests write down.

An image is good or bad by its name: how long it takes to start, whether it ever gets ready, how many of its answers are
errors and how slow they are. An image that is not named does what its pod's spec says (workloads/programs.py). Pods
may override the start-up part by annotations (`simulator.sluice.dev/…`). A mistake is a ScenarioError that names the
field and the cure, never a default.

    requestsPerSecond: 50
    images:
      shop:v2: {errorRate: 0.1%, latency: {median: 40ms, p99: 150ms}, readyAfter: 2s}
      shop:v3: {errorRate: 5%, latency: 300ms}
      shop:v4: {neverReady: image}
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, TypeVar

import yaml

from rollouts.model.errors import RolloutsError

T = TypeVar("T")

PREFIX = "simulator.sluice.dev/"
"""Annotations that speak to the embedded cluster start so."""


class ScenarioError(RolloutsError):
    """A scenario (or an annotation) that makes no sense: which field, and what would."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Latency:
    """How long answers take, in seconds: lognormal by median and 99th percentile, fixed where both are equal."""

    median: float = 0.04
    p99: float = 0.15


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one image does.

    `ready_after` counts from the container's start. `never_ready` is "", or where it fails: image, start, command or
    probe. `run_for` None runs for ever; `stop_after` is how long it takes to end when told to.
    """

    error_rate: float = 0.0
    latency: Latency = Latency()
    ready_after: timedelta = timedelta(seconds=1)
    never_ready: str = ""
    run_for: timedelta | None = None
    exit_code: int = 0
    stop_after: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole world's behaviour.

    `requests_per_second` goes to each HTTPRoute, unless `routes` (by namespace/name) says otherwise. `noise` 0 gives
    each tick its exact part; else rates swing by that relative deviation and errors are drawn, by the seed's dice.
    """

    images: Mapping[str, Behaviour] = field(default_factory=dict)
    default: Behaviour = Behaviour()
    requests_per_second: float = 10.0
    routes: Mapping[str, float] = field(default_factory=dict)
    tick: timedelta = timedelta(seconds=1)
    noise: float = 0.0
    seed: int = 0

    def behaviour(self, image: str) -> Behaviour:
        """What this image does."""
        return self.images.get(image, self.default)


def load_scenario(text: str) -> Scenario:
    """A scenario from YAML; an empty document is the default one."""
    try:
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ScenarioError("scenario", f"not YAML: {error}") from error
    return parse_scenario({} if data is None else data)


def parse_scenario(data: Any) -> Scenario:
    """A scenario from plain values, as in the module's example."""
    return _read(Scenario(), data, "scenario", _SCENARIO)


def parse_behaviour(start: Behaviour, data: Any, path: str) -> Behaviour:
    """The behaviour with these fields of it changed, written as an image's are."""
    return _read(start, data, path, _BEHAVIOUR)


def with_annotations(behaviour: Behaviour, annotations: Mapping[str, str]) -> Behaviour:
    """The behaviour as a pod's own annotations change it."""
    for name, (attribute, read) in _ANNOTATIONS.items():
        if PREFIX + name in annotations:
            value = read(annotations[PREFIX + name], f"metadata.annotations[{PREFIX}{name}]")
            behaviour = replace(behaviour, **{attribute: value})
    return behaviour


def parse_duration(value: Any, path: str) -> timedelta:
    """Seconds as a number, or Go's form: `250ms`, `1m30s`."""
    if _is_number(value) and value >= 0:
        return timedelta(seconds=value)
    if isinstance(value, str) and re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h))+", value):
        parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value)
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    raise ScenarioError(path, f"{value!r} is no duration: write seconds, or a number with ms, s, m or h such as 250ms")


def _non_negative(value: Any, path: str) -> float:
    if _is_number(value) and value >= 0:
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    raise ScenarioError(path, f"{value!r} is no rate: write a number that is not negative")


def parse_rate(value: Any, path: str) -> float:
    """Requests a second: a number, or a text that holds one."""
    return _non_negative(value, path)


def _fraction(value: Any, path: str) -> float:
    is_percent = isinstance(value, str) and value.endswith("%")
    number = _non_negative(value[:-1] if is_percent else value, path) / (100 if is_percent else 1)
    if number > 1:
        raise ScenarioError(path, f"{value!r} is more than all: write a fraction up to 1, or a percentage such as 5%")
    return number


def _integer(value: Any, path: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    raise ScenarioError(path, f"{value!r} is no whole number")


def _failure(value: Any, path: str) -> str:
    if value in ("", "image", "start", "command", "probe"):
        return str(value)
    raise ScenarioError(path, f"{value!r} is no way to fail: write image, start, command or probe")


def _latency(value: Any, path: str) -> Latency:
    if not isinstance(value, Mapping):
        fixed = parse_duration(value, path).total_seconds()
        return Latency(fixed, fixed)
    read = _read(Latency(), value, path, _LATENCY)
    latency = read if "p99" in value else replace(read, p99=max(read.p99, read.median))
    if not 0 < latency.median <= latency.p99:
        raise ScenarioError(path, "the median must be above zero and at most the p99")
    return latency


def _positive_duration(value: Any, path: str) -> timedelta:
    if duration := parse_duration(value, path):
        return duration
    raise ScenarioError(path, "must be longer than zero")


def _behaviour(value: Any, path: str) -> Behaviour:
    return _read(Behaviour(), value, path, _BEHAVIOUR)


def _each(read: Callable[[Any, str], T]) -> Callable[[Any, str], dict[str, T]]:
    def read_all(value: Any, path: str) -> dict[str, T]:
        return {str(name): read(item, f"{path}[{name}]") for name, item in _mapping(value, path).items()}

    return read_all


def _seconds(value: Any, path: str) -> float:
    return parse_duration(value, path).total_seconds()


Reader = Callable[[Any, str], Any]


def _table(kind: type[Any], readers: Mapping[str, Reader]) -> dict[str, tuple[str, Reader]]:
    """By the name in YAML (camel case): attribute and reader. Every field of the class has its reader."""
    return {_camel(f.name): (f.name, readers[f.name]) for f in fields(kind)}


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_LATENCY = _table(Latency, {"median": _seconds, "p99": _seconds})

_BEHAVIOUR = _table(
    Behaviour,
    {
        "error_rate": _fraction,
        "latency": _latency,
        "ready_after": parse_duration,
        "never_ready": _failure,
        "run_for": parse_duration,
        "exit_code": _integer,
        "stop_after": parse_duration,
    },
)

_SCENARIO = _table(
    Scenario,
    {
        "images": _each(_behaviour),
        "default": _behaviour,
        "requests_per_second": _non_negative,
        "routes": _each(_non_negative),
        "tick": _positive_duration,
        "noise": _fraction,
        "seed": _integer,
    },
)

_ANNOTATIONS: dict[str, tuple[str, Reader]] = {
    "ready-after": ("ready_after", parse_duration),
    "never-ready": ("never_ready", _failure),
    "run-for": ("run_for", parse_duration),
    "exit-code": ("exit_code", _integer),
    "stop-after": ("stop_after", parse_duration),
}


def _read(start: T, value: Any, path: str, table: Mapping[str, tuple[str, Reader]]) -> T:
    changes: dict[str, Any] = {}
    for name, item in _mapping(value, path).items():
        if name not in table:
            raise ScenarioError(f"{path}.{name}", f"no such field; known are {', '.join(sorted(table))}")
        attribute, read = table[name]
        changes[attribute] = read(item, f"{path}.{name}")
    result: T = replace(start, **changes)  # type: ignore[type-var]  # only dataclasses are read
    return result


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise ScenarioError(path, f"expected fields and values, not {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
