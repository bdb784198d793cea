"""Arguments: merged from templates and whoever starts the run, and put into metrics. Pure.

Called by the dialects when a run is rendered, and by decide and the runner before every measurement. `{{args.name}}`
may stand in any text of a metric; the texts that come out must survive a trip through JSON with Go's escapes, so a
value with a control character is refused as Argo refuses it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.errors import ArgumentError
from analysis.model import Arg, Metric, Rule
from analysis.units import quote

_NO_JSON_ESCAPES = {"\a": "a", "\v": "v"}
# the order in which Argo writes a metric's fields: of several unresolved arguments the last one is named
_FIELDS = (
    "name",
    "interval",
    "initial_delay",
    "count",
    "success_condition",
    "failure_condition",
    "failure_limit",
    "inconclusive_limit",
    "consecutive_error_limit",
    "settings",
    "consecutive_success_limit",
)
SECRET_PLACEHOLDER = "temp-for-secret"
"""Stands for a secret's value where a metric is only looked at and not measured."""


def merge_args(template: Iterable[Arg], supplied: Iterable[Arg]) -> tuple[Arg, ...]:
    """The template's arguments with the supplied values; what the template does not know is left out.

    ArgumentError when one of them has neither value nor source.
    """
    given = {arg.name: arg for arg in supplied}
    # of two arguments with one name the first takes the supplied value
    merged = tuple(_overridden(arg, given.pop(arg.name, None)) for arg in template)
    for arg in merged:
        if not arg.is_given:
            raise ArgumentError(f"args.{arg.name} was not resolved")
    return merged


def _overridden(arg: Arg, given: Arg | None) -> Arg:
    if given is None:
        return arg
    if given.value is not None:
        return replace(arg, value=given.value)
    if given.secret is not None:
        return replace(arg, secret=given.secret, field_path=None)
    return arg


def join_args(groups: Iterable[Sequence[Arg]]) -> tuple[Arg, ...]:
    """The arguments of several templates as one list.

    A value stays; anything else gives way to the next template that names the argument, as in Argo, even where that
    one only asks for it.
    """
    joined: dict[str, Arg] = {}
    for arg in (arg for group in groups for arg in group):
        known = joined.get(arg.name)
        if known is None or known.value is None:
            joined[arg.name] = arg
    return tuple(joined.values())


def refuse_conflicts(groups: Iterable[Sequence[Arg]]) -> None:
    """ArgumentError where two templates give one argument different values."""
    values: dict[str, str] = {}
    for arg in (arg for group in groups for arg in group):
        if arg.value is not None and values.setdefault(arg.name, arg.value) != arg.value:
            first = values[arg.name]
            raise ArgumentError(
                f"Argument `{arg.name}` specified multiple times with different values: '{first}', '{arg.value}'"
            )


def join_metrics(groups: Iterable[Sequence[Metric]]) -> tuple[Metric, ...]:
    """The metrics of several templates; their names must differ."""
    joined = tuple(metric for group in groups for metric in group)
    _refuse_twins((metric.name for metric in joined), "two metrics have the same name '{}'")
    return joined


def join_rules(groups: Iterable[Sequence[Rule]], kind: str) -> tuple[Rule, ...]:
    """Rules of several templates and of the run; `kind` (Dry-Run, Measurement Retention) words the error."""
    joined = tuple(rule for group in groups for rule in group)
    _refuse_twins((rule.metric_name for rule in joined), f"two {kind} metric rules have the same name '{{}}'")
    return joined


def _refuse_twins(names: Iterable[str], message: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ArgumentError(message.format(name))
        seen.add(name)


def values_of(args: Iterable[Arg], secrets: Mapping[str, str] | None = None) -> dict[str, str]:
    """Each argument's value by name. `secrets` holds those of secret ones (None: placeholders stand for them)."""
    values: dict[str, str] = {}
    for arg in args:
        value = arg.value
        if arg.secret is not None and value is None:
            value = SECRET_PLACEHOLDER if secrets is None else secrets.get(arg.name)
        if value is None:
            raise ArgumentError(f'argument "{arg.name}" was not supplied')
        values[arg.name] = value
    return values


def fill(text: str, values: Mapping[str, str], *, is_quoted: bool = False) -> str:
    """The text with its `{{args.…}}` replaced (`is_quoted`: by the values as they stand inside a JSON string)."""
    inside = {name: quote(value)[1:-1] for name, value in values.items()} if is_quoted else values
    return fill_tags(text, _tags(inside))


def fill_tags(text: str, tags: Mapping[str, str]) -> str:
    """The text with each `{{tag}}` replaced, whatever the tags are called."""
    filled, unresolved = _filled(text, tags)
    if unresolved is not None:
        raise ArgumentError(f"failed to resolve {{{{{unresolved}}}}}")
    return filled


def _tags(values: Mapping[str, str]) -> dict[str, str]:
    return {f"args.{name}": value for name, value in values.items()}


def _filled(text: str, tags: Mapping[str, str]) -> tuple[str, str | None]:
    """The text with what could be replaced, and the last tag that could not."""
    unresolved: str | None = None
    parts: list[str] = []
    rest = text
    while True:
        before, opening, rest = rest.partition("{{")
        parts.append(before)
        if not opening:
            return "".join(parts), unresolved
        tag, closing, after = rest.partition("}}")
        if not closing:
            raise ArgumentError(f'Cannot find end tag="}}}}" in the template={quote(text)} starting from {quote(rest)}')
        value = tags.get(tag)
        if value is None:
            unresolved = tag
        parts.append(value or "")
        rest = after


def resolve(metric: Metric, values: Mapping[str, str]) -> Metric:
    """The metric with its arguments filled in, in every text of it down to its settings.

    ArgumentError names the last argument that is missing, or the character that no JSON string may hold.
    """
    if not any(_has_tags(getattr(metric, name)) for name in _FIELDS):
        return metric
    failed: list[str] = []
    tags = _tags(values)

    def filled(text: str) -> str:
        if "{{" not in text:
            return text
        done, unresolved = _filled(text, tags)
        if unresolved is not None:
            failed.append(unresolved)
        _refuse_control(text, values)
        return done

    changes = {name: _mapped(getattr(metric, name), filled) for name in _FIELDS}
    if failed:
        raise ArgumentError(f"failed to resolve {{{{{failed[-1]}}}}}")
    return replace(metric, **changes)


def _has_tags(value: Any) -> bool:
    """Whether there is anything to fill in: mostly not, and this is asked for each metric in each round."""
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, list | tuple):
        return any(map(_has_tags, value))
    return isinstance(value, Mapping) and (any(map(_has_tags, value)) or any(map(_has_tags, value.values())))


def _mapped(value: Any, fill_text: Callable[[str], str]) -> Any:
    match value:
        case str():
            return fill_text(value)
        case list() | tuple():
            return [_mapped(item, fill_text) for item in value]
        case Mapping():
            return {fill_text(key): _mapped(value[key], fill_text) for key in sorted(value)}
        case _:
            return value


def _refuse_control(text: str, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        bad = next((char for char in value if _is_refused(char)), None)
        if bad is not None and f"{{{{args.{name}}}}}" in text:
            raise ArgumentError(f"invalid character '{_escape_letter(bad)}' in string escape code")


def _is_refused(char: str) -> bool:
    return char in _NO_JSON_ESCAPES or quote(char)[1:3] in ("\\x", "\\U")


def _escape_letter(char: str) -> str:
    return _NO_JSON_ESCAPES.get(char) or quote(char)[2]
