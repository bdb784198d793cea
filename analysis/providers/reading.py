"""Settings and answers, read alike by all providers, who never import each other. Pure.

What a user wrote with the wrong type is a mistake that is named, and never silently taken for absent: a query that is
quietly dropped would judge a release by nothing.
"""

from collections.abc import Generator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from analysis.errors import DurationError, ProviderError, SettingsError
from analysis.expression.encoding import marshalled
from analysis.model import Metric
from analysis.requests import Answer, Request, Secret, Setting, Value
from analysis.units import format_value, parse_duration

LONGEST_ERROR = 2000
"""Characters of an answer that a message quotes: messages are kept in the run's status."""

JSON_HEADERS = (("Content-Type", "application/json"),)

Credentials = Generator[Request, Any, Mapping[str, str]]


class Fields:
    """A metric's settings. Every mistake is a SettingsError that names the field."""

    def __init__(self, metric: Metric) -> None:
        self._settings = metric.settings
        self._at = f"metric {metric.name}: provider.{metric.provider}"

    def text(self, name: str) -> str:
        """The text, "" where there is none."""
        return str(self._of_type(name, str, "a text") or "")

    def needed(self, name: str, cure: str) -> str:
        """A text that must be there."""
        found = self.text(name)
        if not found:
            raise self.wrong(name, f"is empty: {cure}")
        return found

    def address(self, name: str = "address") -> str:
        """A URL, without the slash at its end."""
        found = self.needed(name, "give the URL of the server")
        parts = urlsplit(found)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise self.wrong(name, f"{found!r} is no URL: it must start with http:// or https://")
        return found.rstrip("/")

    def duration(self, name: str, default: str) -> timedelta:
        """A duration as Go writes it."""
        try:
            return parse_duration(self.text(name) or default)
        except DurationError as error:
            raise self.wrong(name, str(error)) from error

    def number(self, name: str, default: int = 0) -> int:
        """A whole number."""
        found = self._of_type(name, int, "a whole number")
        return default if found is None else int(found)

    def flag(self, name: str) -> bool:
        """Whether it is set."""
        return self._of_type(name, bool, "true or false") is True

    def mapping(self, name: str) -> Mapping[str, Any]:
        """The object, or an empty one."""
        return self._of_type(name, Mapping, "an object") or {}

    def items(self, name: str) -> list[Any]:
        """The list, or an empty one."""
        return list(self._of_type(name, list, "a list") or ())

    def anything(self, name: str) -> Any:
        """Whatever is there; None where nothing is."""
        return self._settings.get(name)

    def wrong(self, name: str, why: str) -> SettingsError:
        """The mistake, with the field before it."""
        return SettingsError(f"{self._at}.{name} {why}")

    def _of_type(self, name: str, kind: type, wanted: str) -> Any:
        value = self._settings.get(name)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(name, f"must be {wanted}, it is {value!r}")
        return value


def secret_of(name: str, namespace: str, hidden: tuple[str, ...]) -> Credentials:
    """A Secret that must be there."""
    found = yield Secret(name, namespace, hidden)
    if found is None:
        where = f"namespace {namespace}" if namespace else "the controller's namespace"
        raise ProviderError(f'secrets "{name}" not found: create it in {where}')
    secret: Mapping[str, str] = found
    return secret


def quoted(answer: Answer) -> str:
    """What a server said, short enough for a message."""
    said = answer.text.strip()
    return said if len(said) <= LONGEST_ERROR else said[:LONGEST_ERROR] + "…"


def good(answer: Answer, service: str) -> Answer:
    """The answer, unless the server refused: then ProviderError with its words."""
    if answer.is_good:
        return answer
    raise ProviderError(f"{service} answered {answer.status}: {quoted(answer) or 'nothing'}")


def object_of(answer: Answer, service: str) -> Mapping[str, Any]:
    """The JSON object in a good answer."""
    body = good(answer, service).json()
    if not isinstance(body, Mapping):
        raise ProviderError(f"{service} answered with JSON that is no object: {quoted(answer)[:200]}")
    return body


def at(value: Any, *path: str | int) -> Any:
    """What lies at a path of keys and indexes; None where the way there ends."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, Mapping) else None
        else:
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
    return value


def floats(value: Any) -> Any:
    """The JSON with every number as a float, as Go reads it."""
    match value:
        case bool():
            return value
        case int():
            return _float(value)
        case Mapping():
            return {key: floats(item) for key, item in value.items()}
        case list():
            return [floats(item) for item in value]
        case _:
            return value


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ProviderError(f"the answer holds a number that is too large: {str(value)[:20]}…") from None


def json_value(found: Any, metadata: Mapping[str, str] | None = None) -> Value:
    """A result that conditions reach into, with its JSON as text."""
    try:
        result = floats(found)
        return Value(result, marshalled(result), metadata or {})
    except RecursionError:
        raise ProviderError("the answer is nested too deeply") from None


def number_value(found: Any, service: str) -> Value:
    """A single number; ProviderError for anything else."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ProviderError(f"{service} answered with a value that is no number: {found!r}")
    number = _float(found) if isinstance(found, int) else found
    return Value(number, format_value(number))


def template_secret(fields: Fields, setting: Setting, hidden: tuple[str, ...]) -> Credentials:
    """The Secret of a metric template, beside the run; empty where none is named."""
    name = str(fields.mapping("secretRef").get("name") or "")
    if not name:
        return {}
    return (yield from secret_of(name, setting.run.namespace, hidden))
