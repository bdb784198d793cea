"""What a provider may ask of the world, and what it makes of the answers. Values only.

A provider is a generator: it yields requests, is sent the answers, and returns a Value, a Verdict of its own, or
Pending when the service needs more time. Only the runner and its ports do I/O. `Request` is a closed union: a provider
that needs another kind of question adds its member here, and mypy then names every port that cannot answer it yet.
"""

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from analysis.errors import ProviderError
from analysis.model import Measurement, Metric, Phase

Json = dict[str, Any]
Pairs = tuple[tuple[str, str], ...]
"""Names and values in their order; a name may come twice."""

LARGEST = 16 * 1024 * 1024
"""Bytes that an answer may have."""
PATIENCE = timedelta(seconds=30)
"""How long a service may take where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A user's name and password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token for the header Authorization."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Client credentials: the token is had from `token_url` and kept until it expires."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SigV4:
    """AWS's signature for a service in a region, by the credentials of the environment, a profile or a role."""

    region: str
    service: str
    profile: str = ""
    role_arn: str = ""


Auth = Basic | Bearer | OAuth2 | SigV4


@dataclass(frozen=True, slots=True)
class Server:
    """How to reach a service. `headers` go with every request; `proxy` is a user's own ("": the operator's)."""

    address: str
    headers: Pairs = ()
    auth: Auth | None = None
    is_insecure: bool = False
    timeout: timedelta = PATIENCE
    proxy: str = field(default="", repr=False)


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


@dataclass(frozen=True, slots=True)
class Http:
    """An HTTP request; the URL is the server's address, then `path`, then `params`. Answered by an Answer."""

    server: Server
    method: str = "GET"
    path: str = ""
    params: Pairs = ()
    headers: Pairs = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Program:
    """A call of a metric plugin, wherever it lives. Answer: what its method returned, as plain JSON.

    `is_optional`: None is the answer of a plugin without this method. A plugin's own time is set beside it and is
    shorter; `timeout` only ends what never ends.
    """

    name: str
    method: str
    params: Json
    is_optional: bool = False
    timeout: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Secret:
    """A Secret's values; `namespace` "" is the controller's own. Answer: texts by key, None where there is no Secret.

    The values of the keys in `hidden` are blanked out of all that is kept of the measurement.
    """

    name: str
    namespace: str = ""
    hidden: tuple[str, ...] = ()


class Verb(StrEnum):
    """What is asked of Kubernetes."""

    GET = "get"
    LIST = "list"
    CREATE = "create"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A question to Kubernetes about objects of one kind, named by API version and plural (`batch/v1`, `jobs`).

    Answers: GET the object, None where there is none. LIST a tuple of those that `labels` selects. CREATE the object as
    stored, None where the name is taken. DELETE None, with what belongs to the object going first. `is_elsewhere`: in
    the cluster that the operator named for Jobs.
    """

    verb: Verb
    api: str
    plural: str
    namespace: str
    name: str = ""
    labels: str = ""
    body: Json = field(default_factory=dict)
    is_elsewhere: bool = False


Request = Query | RangeQuery | Http | Program | Secret | Cluster


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, whatever its status. Names of headers are in small letters."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = "the server"

    @property
    def is_good(self) -> bool:
        """A status of 200 to 299."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 show as replacement signs."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON; ProviderError, with the address and what came instead, where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            said = " ".join(self.text[:200].split()) or "nothing"
            raise ProviderError(f"{self.address} answered {self.status} with what is no JSON: {said}") from error


def asked_of(request: Request) -> str:
    """Whom a request goes to, in a word: an address, or a plugin's name."""
    match request:
        case Query() | RangeQuery() | Http():
            return request.server.address
        case Program():
            return f"plugin {request.name}"
        case Cluster(is_elsewhere=True):
            return "the cluster of Jobs"
        case Secret() | Cluster():
            return "Kubernetes"
        case _:
            assert_never(request)


def patience_with(request: Request) -> timedelta:
    """How long the answer to a request may take."""
    match request:
        case Query() | RangeQuery() | Http():
            return request.server.timeout
        case Program():
            return request.timeout
        case Secret() | Cluster():
            return PATIENCE
        case _:
            assert_never(request)


@dataclass(frozen=True, slots=True)
class Value:
    """A measured result: plain JSON (numbers are floats), or a tuple of floats for a vector. `text` is for people."""

    result: Any
    text: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The service judged by itself: no condition is asked. `phase` is one that ends a measurement."""

    phase: Phase
    text: str = ""
    message: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """The service is still busy: ask again at `resume_at`."""

    resume_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


Outcome = Value | Verdict | Pending


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the operator set for all metrics: the address for those that name none, and variables of the environment."""

    prometheus_address: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def hidden(self) -> tuple[str, ...]:
        """Variables' values that must not be told."""
        return tuple(value for name, value in self.variables.items() if name.endswith("_KEY"))


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Whose measurement it is. Empty where a metric is tried without a run."""

    namespace: str = ""
    name: str = ""
    uid: str = ""
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What a provider's flow is told besides the metric. `number` counts the metric's measurements, from 1."""

    now: datetime
    defaults: Defaults = field(default_factory=Defaults)
    run: RunIdentity = RunIdentity()
    number: int = 1


Flow = Generator[Request, Any, Outcome]
Sweep = Generator[Request, Any, None]


def _nothing_to_describe(_: Metric) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Provider:
    """One row of the registry. `describe` gives metadata of the metric's result, secrets still in it.

    `resume` goes on with a pending measurement (without it, `run` is asked again); `terminate` ends one (without it,
    nobody is told); `collect` takes away what older measurements left, all but the newest so many.
    """

    run: Callable[[Metric, Setting], Flow]
    describe: Callable[[Metric], Mapping[str, str]] = _nothing_to_describe
    resume: Callable[[Metric, Measurement, Setting], Flow] | None = None
    terminate: Callable[[Metric, Measurement, Setting], Flow] | None = None
    collect: Callable[[Metric, int, Setting], Sweep] | None = None
