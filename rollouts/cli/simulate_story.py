"""The story that `sluice simulate` plays: a scenario, which image is released, what fails and what people do. Pure.

The file is that of the embedded cluster (simulator/scenario.py) with three fields more:

    images:
      shop:v2: {errorRate: 2%, latency: 80ms, readyAfter: 5s}
    release: {rollout: shop, image: shop:v2}
    failures:
      - {after: 90s, do: change, image: shop:v2, errorRate: 20%}
      - {after: 2m, do: lose pods, image: shop:v2, count: 1}
      - {after: 2m, do: lose metrics, for: 30s}
      - {after: 3m, do: restart controller}
    people:
      - {after: 5m, do: promote}

`after` counts from the release. A mistake is a ScenarioError that names field and cure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import yaml

from rollouts.simulator.scenario import (
    Behaviour,
    Scenario,
    ScenarioError,
    parse_behaviour,
    parse_duration,
    parse_scenario,
)

PROMOTE, PROMOTE_FULLY, ABORT, RETRY = "promote", "promote fully", "abort", "retry"
DEEDS = (PROMOTE, PROMOTE_FULLY, ABORT, RETRY)


@dataclass(frozen=True, slots=True)
class Deed:
    """A person does one of DEEDS."""

    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """From now on an image behaves otherwise. `fields` are those that the scenario's file has."""

    image: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LosePods:
    """So many ready pods of an image end at once."""

    image: str
    count: int


@dataclass(frozen=True, slots=True)
class LoseMetrics:
    """No metric service answers for a while."""

    span: timedelta


@dataclass(frozen=True, slots=True)
class RestartController:
    """The controller is killed, and a new one begins."""


Happening = Deed | Change | LosePods | LoseMetrics | RestartController


@dataclass(frozen=True, slots=True)
class Timed:
    """What happens so long after the release."""

    after: timedelta
    what: Happening


@dataclass(frozen=True, slots=True)
class Release:
    """Which rollout gets which image. Empty texts: the only one there is."""

    rollout: str = ""
    image: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """All of it; `happenings` are in order of time."""

    scenario: Scenario
    release: Release = Release()
    happenings: tuple[Timed, ...] = ()


def load_story(text: str) -> Story:
    """A story from YAML."""
    try:
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ScenarioError("scenario", f"not YAML: {' '.join(str(error).split())}") from error
    return parse_story({} if data is None else data)


def parse_story(data: Any) -> Story:
    """A story from plain values, as in the module's example."""
    if not isinstance(data, Mapping):
        raise ScenarioError("scenario", f"expected fields and values, not {data!r}")
    rest = {name: value for name, value in data.items() if name not in ("release", "failures", "people")}
    scenario = parse_scenario(rest)
    timed = [
        *_timed(data.get("failures"), "scenario.failures", _FAILURES),
        *_timed(data.get("people"), "scenario.people", dict.fromkeys(DEEDS, _deed)),
    ]
    ordered = tuple(sorted(timed, key=lambda each: each.after))
    return Story(scenario, _release(data.get("release")), ordered)


def _release(value: Any) -> Release:
    fields = _fields({} if value is None else value, "scenario.release", ("rollout", "image", "from"))
    return Release(*(str(fields.get(name, "")) for name in ("rollout", "image", "from")))


Reader = Callable[[Mapping[str, Any], str], Happening]


def _timed(value: Any, path: str, readers: Mapping[str, Reader]) -> list[Timed]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ScenarioError(path, f"expected a list, not {value!r}")
    return [_one(item, f"{path}[{index}]", readers) for index, item in enumerate(value)]


def _one(item: Any, path: str, readers: Mapping[str, Reader]) -> Timed:
    if not isinstance(item, Mapping) or "after" not in item:
        raise ScenarioError(path, "say when, counted from the release: after: 90s")
    name = str(item.get("do", ""))
    if name not in readers:
        raise ScenarioError(f"{path}.do", f"{name!r} is not known here; known are {', '.join(readers)}")
    after = parse_duration(item["after"], f"{path}.after")
    rest = {key: entry for key, entry in item.items() if key != "after"}
    return Timed(after, readers[name](rest, path))


def _deed(item: Mapping[str, Any], path: str) -> Happening:
    return Deed(_fields(item, path, ("do",))["do"])


def _change(item: Mapping[str, Any], path: str) -> Happening:
    fields = {name: value for name, value in item.items() if name not in ("do", "image")}
    if not fields:
        raise ScenarioError(path, "say what changes, as in errorRate: 20%")
    parse_behaviour(Behaviour(), fields, path)
    return Change(_image(item, path), fields)


def _lose_pods(item: Mapping[str, Any], path: str) -> Happening:
    count = _fields(item, path, ("do", "image", "count")).get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ScenarioError(f"{path}.count", f"{count!r} is no number of pods: write 1 or more")
    return LosePods(_image(item, path), count)


def _lose_metrics(item: Mapping[str, Any], path: str) -> Happening:
    return LoseMetrics(parse_duration(_fields(item, path, ("do", "for")).get("for", "1m"), f"{path}.for"))


def _restart(item: Mapping[str, Any], path: str) -> Happening:
    _fields(item, path, ("do",))
    return RestartController()


def _image(item: Mapping[str, Any], path: str) -> str:
    image = item.get("image")
    if not isinstance(image, str) or not image:
        raise ScenarioError(f"{path}.image", "name the image that this is about")
    return image


def _fields(value: Any, path: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ScenarioError(path, f"expected fields and values, not {value!r}")
    for name in value:
        if name not in known:
            raise ScenarioError(f"{path}.{name}", f"no such field; known are {', '.join(known)}")
    return value


_FAILURES: Mapping[str, Reader] = {
    "change": _change,
    "lose pods": _lose_pods,
    "lose metrics": _lose_metrics,
    "restart controller": _restart,
}
