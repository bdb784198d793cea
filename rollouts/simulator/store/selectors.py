"""Label and field selectors, as kubectl writes them. Called for lists, watches and disruption budgets."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.store import refusals
from rollouts.simulator.store.meta import at_path

Labels = Mapping[str, str]
Test = Callable[[Labels], bool]

# key in (a, b) | key notin (a) | key=a | key==a | key!=a | key>1 | key<1 | !key | key; each up to a comma or the end.
_REQUIREMENT = re.compile(
    r"""\s*(?:
      (?P<set_key>[^\s,!=()<>]+)\s+(?P<set_op>in|notin)\s*\((?P<values>[^()]*)\)
    | (?P<key>[^\s,!=()<>]+)\s*(?P<op>==|=|!=|>|<)\s*(?P<value>[^\s,!=()<>]*)
    | (?P<absent>!)?\s*(?P<bare>[^\s,!=()<>]+)
    )\s*(?:,|$)""",
    re.VERBOSE,
)
_FIELD = re.compile(r"(?P<key>[^=!]+)(?P<op>==|=|!=)(?P<value>.*)")


class Selector:
    """Label and field requirements together: does an object meet all of them?"""

    def __init__(self, labels: str, fields: str, allowed_fields: Sequence[str]) -> None:
        self._labels = _label_tests(labels)
        self._fields = _field_tests(fields, allowed_fields)

    def takes(self, obj: Json | None) -> bool:
        """Whether the object is there and meets every requirement."""
        if obj is None:
            return False
        labels = obj["metadata"].get("labels") or {}
        return all(test(labels) for test in self._labels) and all(test(obj) for test in self._fields)


def matches_labels(selector: Json | None, labels: Labels) -> bool:
    """Whether a LabelSelector object (matchLabels, matchExpressions) takes these labels; None takes nothing."""
    if selector is None:
        return False
    same = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return same and all(_expression(one)(labels) for one in selector.get("matchExpressions") or ())


def _expression(one: Json) -> Test:
    key, values = one["key"], frozenset(one.get("values") or ())
    tests: dict[str, Test] = {
        "In": lambda labels: labels.get(key) in values,
        "NotIn": lambda labels: labels.get(key) not in values,
        "Exists": lambda labels: key in labels,
        "DoesNotExist": lambda labels: key not in labels,
    }
    return tests[one["operator"]]


def _label_tests(text: str) -> list[Test]:
    tests, position = [], 0
    while text.strip() and position < len(text):
        met = _REQUIREMENT.match(text, position)
        if met is None or met.end() == position:
            raise refusals.bad_request(f"unable to parse requirement: cannot read {text[position:]!r} in {text!r}")
        tests.append(_label_test(met))
        position = met.end()
    return tests


def _label_test(met: re.Match[str]) -> Test:
    if key := met["set_key"]:
        values = frozenset(value.strip() for value in met["values"].split(","))
        is_in = met["set_op"] == "in"
        return lambda labels: (labels.get(key) in values) == is_in
    if key := met["bare"]:
        is_wanted = not met["absent"]
        return lambda labels: (key in labels) == is_wanted
    return _comparison(met["key"], met["op"], met["value"])


def _comparison(key: str, op: str, value: str) -> Test:
    if op in ("=", "=="):
        return lambda labels: labels.get(key) == value
    if op == "!=":
        return lambda labels: labels.get(key) != value
    if not value.lstrip("-").isdigit():
        raise refusals.bad_request(f"unable to parse requirement: values[0][{key}]: {value!r} is no whole number")
    limit, sign = int(value), 1 if op == ">" else -1
    return lambda labels: _is_whole(labels.get(key)) and sign * int(labels[key]) > sign * limit


def _is_whole(text: str | None) -> bool:
    return text is not None and text.lstrip("-").isdigit()


def _field_tests(text: str, allowed: Sequence[str]) -> list[Callable[[Json], bool]]:
    return [_field_test(part, allowed) for part in text.split(",") if part.strip()]


def _field_test(part: str, allowed: Sequence[str]) -> Callable[[Json], bool]:
    met = _FIELD.fullmatch(part.strip())
    if met is None:
        raise refusals.bad_request(f"invalid field selector: {part!r}; write key=value or key!=value")
    if met["key"] not in allowed:
        raise refusals.bad_request(f"field label not supported: {met['key']} (known: {', '.join(allowed)})")
    path, wanted, is_equal = met["key"].split("."), met["value"], met["op"] != "!="
    return lambda obj: (_as_text(at_path(obj, path)) == wanted) == is_equal


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
