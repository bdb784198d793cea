"""Takes measurements: drives a provider's flow through the ports and turns its outcome into a Measurement.

Called by controller/kinds/analysisrun, as background work; the shell around pure flows. One service that is slow or
down delays only those who ask it (analysis/asking.py). Whatever goes wrong becomes a measurement of phase Error, never
an exception. Values of secrets are blanked out of all that is kept.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from analysis.asking import Asking, Told, nobody
from analysis.decide import TERMINATED, Due, Taken, Task
from analysis.driving import drive
from analysis.errors import AnalysisError
from analysis.model import Arg, Measurement, Metric, Phase
from analysis.outcomes import measured
from analysis.ports import Ports
from analysis.providers import PROVIDERS, provider_of
from analysis.redaction import forms_of, redacted, secrets_in
from analysis.requests import (
    Flow,
    Provider,
    Request,
    RunIdentity,
    Setting,
    Verdict,
)
from analysis.template import resolve, values_of

LONGEST_TEXT = 16 * 1024
"""Characters of a value, a message or a note that are kept: a run has to fit into an object of Kubernetes."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Job:
    """A measurement to be taken, the `number`th of its metric. `secrets` holds values by argument name."""

    due: Due
    args: tuple[Arg, ...]
    secrets: Mapping[str, str]
    run: RunIdentity = field(default_factory=RunIdentity)
    number: int = 1


class Runner:
    """Takes measurements, many at a time."""

    def __init__(self, ports: Ports, clock: Callable[[], datetime], told: Told = nobody) -> None:
        self.asking = Asking(ports, told)
        self._ports = ports
        self._clock = clock

    async def measure(self, job: Job) -> Taken:
        """One measurement, taken, resumed or ended."""
        started, pending = self._now(), job.due.pending
        metadata: Mapping[str, str] = {}
        hidden = [value for value in (*job.secrets.values(), *self._ports.defaults.hidden) if value]
        try:
            metric, provider = _found(job)
            metadata = provider.describe(metric)
            outcome = await self._drive(_flow_of(provider, metric, job.due, self._setting(job, started)), hidden)
            measurement = measured(metric, outcome, started, self._now())
        except AnalysisError as error:
            measurement = Measurement(Phase.ERROR, started, self._now(), message=str(error))
        if pending is not None:
            measurement = _continued(pending, measurement, job.due.task)
        return _redacted(Taken(job.due.name, measurement, metadata), hidden)

    def collects(self, metric: Metric) -> bool:
        """Whether measurements of this metric leave something that is to be taken away."""
        provider = PROVIDERS.get(metric.provider)
        return provider is not None and provider.collect is not None

    async def collect(self, job: Job, keep: int) -> None:
        """Have the provider take away what all but the newest `keep` measurements left; AnalysisError if it cannot."""
        metric, provider = _found(job)
        if provider.collect is not None:
            await self._drive(provider.collect(metric, keep, self._setting(job, self._now())), [])

    def _setting(self, job: Job, now: datetime) -> Setting:
        return Setting(now, self._ports.defaults, job.run, job.number)

    async def _drive(self, flow: Generator[Request, Any, _T], hidden: list[str]) -> _T:
        """What the flow comes to; what must not be told joins `hidden`."""

        def seen(request: Request, answer: Any) -> None:
            hidden.extend(secrets_in(request, answer))

        return await drive(flow, self.asking.ask, seen)

    def _now(self) -> datetime:
        # status fields hold whole seconds; what is compared with them later must, too
        return self._clock().replace(microsecond=0)


def _found(job: Job) -> tuple[Metric, Provider]:
    metric = resolve(job.due.metric, values_of(job.args, job.secrets))
    return metric, provider_of(metric.provider)


def _flow_of(provider: Provider, metric: Metric, due: Due, setting: Setting) -> Flow:
    match due.task, due.pending:
        case Task.TERMINATE, Measurement() as pending:
            return provider.terminate(metric, pending, setting) if provider.terminate else _nobody_told()
        case Task.RESUME, Measurement() as pending if provider.resume:
            return provider.resume(metric, pending, setting)
        case _:
            return provider.run(metric, setting)


def _nobody_told() -> Flow:
    yield from ()
    return Verdict(Phase.SUCCESSFUL)


def _continued(pending: Measurement, measurement: Measurement, task: Task) -> Measurement:
    """The measurement as what became of the pending one."""
    is_ended = task is Task.TERMINATE and measurement.phase is Phase.SUCCESSFUL
    return replace(
        measurement,
        started=pending.started,
        value=measurement.value or pending.value,
        message=TERMINATED if is_ended else measurement.message,
        metadata={**pending.metadata, **measurement.metadata},
    )


def _redacted(taken: Taken, values: list[str]) -> Taken:
    measurement, forms = taken.measurement, forms_of(values)
    clean = replace(
        measurement,
        value=_kept(measurement.value, forms),
        message=_kept(measurement.message, forms),
        metadata={key: _kept(text, forms) for key, text in measurement.metadata.items()},
    )
    return Taken(taken.name, clean, {key: _kept(text, forms) for key, text in taken.metadata.items()})


def _kept(text: str, forms: list[str]) -> str:
    text = redacted(text, forms)
    rest = len(text) - LONGEST_TEXT
    return text if rest <= 0 else f"{text[:LONGEST_TEXT]}… and {rest} characters more"
