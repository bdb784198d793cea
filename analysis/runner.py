"""Takes measurements: drives a provider's flow through the ports and turns its outcome into a Measurement.

Called by controller/kinds/analysisrun, as background work; the shell around pure flows. One service that is slow or
down delays only those who ask it: requests are bounded per address and in all, and each has its timeout. Whatever goes
wrong becomes a measurement of phase Error, never an exception. Values of secrets are blanked out of all that is kept.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from weakref import WeakValueDictionary

from analysis.decide import TERMINATED, Due, Taken, Task
from analysis.errors import AnalysisError, ProviderError
from analysis.model import Arg, Measurement, Metric, Phase
from analysis.ports import Ports
from analysis.providers import provider_of
from analysis.requests import Flow, Json, Pending, Request, Setting, Value
from analysis.template import resolve, values_of
from analysis.verdict import judge

PER_ADDRESS = 8
"""Requests to one address at once."""
IN_ALL = 64
"""Requests at once."""
GRACE = 5.0
"""Seconds beyond its own timeout after which a request is given up."""
REDACTED = "*****"


@dataclass(frozen=True, slots=True)
class Job:
    """A measurement to be taken, with what its arguments need. `secrets` holds values by argument name."""

    due: Due
    args: tuple[Arg, ...]
    secrets: Mapping[str, str]


class Runner:
    """Takes measurements, many at a time."""

    def __init__(self, ports: Ports, clock: Callable[[], datetime]) -> None:
        self._ports = ports
        self._clock = clock
        self._all = asyncio.Semaphore(IN_ALL)
        self._by_address: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def measure(self, job: Job) -> Taken:
        """One measurement, taken, resumed or ended."""
        if job.due.task is Task.TERMINATE and job.due.pending is not None:
            return Taken(job.due.name, _ended(job.due.pending, self._now()))
        started = self._now()
        metadata: Mapping[str, str] = {}
        try:
            metric = resolve(job.due.metric, values_of(job.args, job.secrets))
            provider = provider_of(metric.provider)
            metadata = provider.describe(metric)
            outcome = await self._drive(provider.run(metric, Setting(started, self._ports.defaults)))
            measurement = _judged(metric, outcome, started, self._now())
        except AnalysisError as error:
            measurement = Measurement(Phase.ERROR, started, self._now(), message=str(error))
        if job.due.pending is not None:
            measurement = replace(measurement, started=job.due.pending.started)
        return _redacted(Taken(job.due.name, measurement, metadata), job.secrets)

    async def _drive(self, flow: Flow) -> Value | Pending:
        try:
            request = next(flow)
            while True:
                request = flow.send(await self._ask(request))
        except StopIteration as stop:
            outcome: Value | Pending = stop.value
            return outcome
        finally:
            flow.close()

    async def _ask(self, request: Request) -> Json:
        server = request.server
        gate = self._gate(server.address)
        limit = server.timeout.total_seconds() + GRACE
        async with gate, self._all:
            try:
                async with asyncio.timeout(limit):
                    return await self._ports.ask(request)
            except TimeoutError:
                raise ProviderError(f"{server.address} did not answer within {limit:g} s") from None

    def _now(self) -> datetime:
        # status fields hold whole seconds; what is compared with them later must, too
        return self._clock().replace(microsecond=0)

    def _gate(self, address: str) -> asyncio.Semaphore:
        gate = self._by_address.get(address)
        if gate is None:
            gate = self._by_address[address] = asyncio.Semaphore(PER_ADDRESS)
        return gate


def _judged(metric: Metric, outcome: Value | Pending, started: datetime, finished: datetime) -> Measurement:
    if isinstance(outcome, Pending):
        return Measurement(Phase.RUNNING, started, metadata=outcome.metadata, resume_at=outcome.resume_at)
    phase, message = judge(metric, outcome.result, finished)
    return Measurement(phase, started, finished, outcome.text, message, outcome.metadata)


def _ended(pending: Measurement, now: datetime) -> Measurement:
    return replace(pending, phase=Phase.SUCCESSFUL, message=TERMINATED, finished=now)


def _redacted(taken: Taken, secrets: Mapping[str, str]) -> Taken:
    values = [value for value in secrets.values() if value]
    if not values:
        return taken
    measurement = taken.measurement
    clean = replace(
        measurement,
        value=_blanked(measurement.value, values),
        message=_blanked(measurement.message, values),
        metadata={key: _blanked(text, values) for key, text in measurement.metadata.items()},
    )
    return Taken(taken.name, clean, {key: _blanked(text, values) for key, text in taken.metadata.items()})


def _blanked(text: str, values: list[str]) -> str:
    # longest first: a secret that is part of another must not leave the other's rest behind
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, REDACTED)
    return text
