"""What a provider may ask of the world, and what it makes of the answers. Values only.

A provider is a generator: it yields requests, is sent the answers, and returns a Value, or Pending when the service
needs more time. Only the runner and its ports do I/O. `Request` is a closed union: a provider that needs another kind
of question adds its member here, and mypy then names every port that cannot answer it yet.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from analysis.model import Metric

Json = dict[str, Any]

LARGEST = 16 * 1024 * 1024
"""Bytes that an answer may have."""


@dataclass(frozen=True, slots=True)
class Server:
    """How to reach a metric service. `headers` go with every request; `basic` is a user's name and password."""

    address: str
    headers: tuple[tuple[str, str], ...] = ()
    basic: tuple[str, str] | None = None
    is_insecure: bool = False
    timeout: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL query for one moment. Answer: the whole JSON body of `/api/v1/query`."""

    server: Server
    query: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """A PromQL query over a span of time. Answer: a body as of `/api/v1/query_range`."""

    server: Server
    query: str
    start: datetime
    end: datetime
    step: timedelta


Request = Query | RangeQuery


@dataclass(frozen=True, slots=True)
class Value:
    """A measured result: plain JSON (numbers are floats), or a tuple of floats for a vector. `text` is for people."""

    result: Any
    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """The service is still busy: ask again at `resume_at`."""

    resume_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the operator set for all metrics: the address for those that name none."""

    prometheus_address: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a provider's flow is told besides the metric."""

    now: datetime
    defaults: Defaults = Defaults()


Flow = Generator[Request, Json, Value | Pending]


@dataclass(frozen=True, slots=True)
class Provider:
    """One row of the registry. `describe` gives metadata of the metric's result, secrets still in it."""

    run: Callable[[Metric, Setting], Flow]
    describe: Callable[[Metric], Mapping[str, str]] = lambda _: {}
