"""Whom to ask for a number, and how: a value, and the form that all ways of asking have. Called by all modules here."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from analysis.errors import DurationError, NoDataError, ProviderError, SettingsError
from analysis.model import Measurement
from analysis.providers.access import checked_url
from analysis.providers.reading import quoted, secret_of
from analysis.requests import Answer, Basic, Outcome, Pairs, Pending, Request, Server, Setting, Value, Verdict
from analysis.units import parse_duration

TIMEOUT = timedelta(seconds=5)
INTERVALS = 10
"""Windows of most services reach back so many intervals, so that slow pipelines have delivered something."""


@dataclass(frozen=True, slots=True)
class Source:
    """A question for one number. `secret` names a Secret of `namespace`.

    `nothing` is what no data counts as, where it counts as something.
    """

    service: str
    query: str
    address: str = ""
    interval: str = "1m"
    namespace: str = ""
    secret: str = ""
    region: str = ""
    headers: Pairs = ()
    is_insecure: bool = False
    nothing: float | None = None

    def window(self) -> timedelta:
        """The interval. SettingsError where it is none."""
        try:
            return parse_duration(self.interval)
        except DurationError as error:
            raise SettingsError(f"error parsing metric interval: {error}") from error

    def server(self, default: str = "") -> Server:
        """The server at the address, or at the default one. SettingsError where it is no URL."""
        address = checked_url(self.address or default, f"the address of {self.service}").rstrip("/")
        return Server(address, headers=self.headers, is_insecure=self.is_insecure, timeout=TIMEOUT)


Sample = Generator[Request, Any, float | Pending]


@dataclass(frozen=True, slots=True)
class Way:
    """One row of the registry. `resume` goes on where the service needs more time."""

    run: Callable[[Source, Setting], Sample]
    resume: Callable[[Source, Measurement, Setting], Sample] | None = None


def secrets_of(source: Source, *keys: str) -> Generator[Request, Any, Mapping[str, str]]:
    """The source's Secret, which must have all these keys."""
    if not source.secret:
        raise SettingsError(f"{source.service} has no secretRef: it needs {' and '.join(keys)}")
    found = yield from secret_of(source.secret, source.namespace, keys)
    for key in keys:
        if not found.get(key):
            raise ProviderError(f"{source.service} credentials does not contain {key}")
    return found


def basic_auth_of(source: Source) -> Generator[Request, Any, Basic | None]:
    """User and password of the Secret, if there is one."""
    if not source.secret:
        return None
    found = yield from secrets_of(source, "username", "password")
    return Basic(found["username"], found["password"])


def with_namespace(source: Source, setting: Setting) -> Setting:
    """The setting with the namespace in which the source's Secret lies."""
    return replace(setting, run=replace(setting.run, namespace=source.namespace))


def refused(answer: Answer) -> ProviderError:
    """A refusal, with the server's own words."""
    phrase = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
    return ProviderError(f"error response: Status {answer.status} {phrase}: {quoted(answer)}")


def single(outcome: Outcome) -> float | Pending:
    """The one number of an outcome."""
    match outcome:
        case Pending():
            return outcome
        case Verdict():
            raise ProviderError(outcome.message or outcome.text)
        case Value(result=bool() | None):
            raise NoDataError("no values found")
        case Value(result=int() | float() as number):
            return float(number)
        case _:
            raise ProviderError(f"the answer is no number: {outcome.text[:200]}")


def number_of(found: Any) -> float:
    """A number in JSON. NoDataError where there is none."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise NoDataError("no values found")
    return float(found)
