"""What webhooks and metrics say: answers to the questions of a tick. Called by manner, beside the queue.

Whatever goes wrong is an answer too, which halts and never advances. Metrics go by the same lines as those of
AnalysisRuns, so that a service that is down is not asked again by every rollout.
"""

from collections.abc import Callable
from datetime import datetime
from math import isnan, nan

from analysis.asking import Asking
from analysis.driving import drive
from analysis.errors import AnalysisError
from analysis.model import Metric
from analysis.ports import Ports
from analysis.providers import provider_of
from analysis.requests import Answer as HttpAnswer
from analysis.requests import Http, Outcome, Setting, Value
from rollouts.controller import webhooks
from rollouts.controller.ticking.world import TickingWorld
from rollouts.model.questions import Answer, AskGate, AskMetric, GateAnswer, MetricAnswer, Question


class Answers:
    """Asks for one kind of rollouts."""

    def __init__(self, ports: Ports, asking: Asking, clock: Callable[[], datetime], address: str) -> None:
        self._address = address
        self._ports = ports
        self._asking = asking
        self._clock = clock

    async def answer(self, question: Question, world: TickingWorld) -> Answer:
        """What is said."""
        match question:
            case AskGate():
                return await self._gate(question, world)
            case AskMetric():
                return await self._metric(question, world)
            case _:
                raise TypeError(f"a rollout that ticks asks no {type(question).__name__}")

    async def send(self, request: Http) -> HttpAnswer:
        """One request to a webhook."""
        answer: HttpAnswer = await self._ports.ask(request)
        return answer

    async def _gate(self, question: AskGate, world: TickingWorld) -> GateAnswer:
        asked = (question.gate, question.url, question.moment)
        gate = next((gate for gate in world.strategy.gates if (gate.name, gate.url, gate.moment) == asked), None)
        if gate is None:
            return GateAnswer(is_open=False, message=f"webhook {question.gate} is not in the manifest any more")
        if gate.fault:
            return GateAnswer(is_open=False, message=gate.fault)
        request = world.dialect.call_of(world.rollout, gate, question.phase)
        return await webhooks.call(self.send, request, gate.retries)

    async def _metric(self, question: AskMetric, world: TickingWorld) -> MetricAnswer:
        address = world.dialect.metrics_server_of(world.manifest) or self._address
        metric = Metric(question.name, "prometheus", {"query": question.query, "address": address})
        setting = Setting(self._clock(), self._ports.defaults)
        try:
            return _last(await drive(provider_of(metric.provider).run(metric, setting), self._asking.ask))
        except AnalysisError as error:
            return MetricAnswer(None, str(error))


def _last(outcome: Outcome) -> MetricAnswer:
    """Of several series the last one counts; NaN is nothing."""
    found = outcome.result if isinstance(outcome, Value) else ()
    numbers = found if isinstance(found, tuple) else (found,)
    value = float(numbers[-1]) if numbers else nan
    return MetricAnswer(None if isnan(value) else value)
