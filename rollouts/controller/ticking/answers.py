"""What webhooks and metrics say: answers to the questions of a tick. Called by manner, beside the queue.

Whatever goes wrong is an answer too, which halts and never advances. Metrics go by the same lines as those of
AnalysisRuns, so that a service that is down is not asked again by every rollout.
"""

from collections.abc import Callable
from datetime import datetime

from analysis.asking import Asking
from analysis.errors import AnalysisError, NoDataError
from analysis.ports import Ports
from analysis.requests import Answer as HttpAnswer
from analysis.requests import Http, RunIdentity
from analysis.sampling import Sampler
from rollouts.controller import webhooks
from rollouts.controller.ticking.beats import Who
from rollouts.controller.ticking.scenes import Counts
from rollouts.controller.ticking.world import TickingWorld
from rollouts.model.questions import Answer, AskGate, AskMetric, GateAnswer, MetricAnswer, Question
from rollouts.model.strategy import Check


class Answers:
    """Asks for one kind of rollouts."""

    def __init__(
        self, ports: Ports, asking: Asking, clock: Callable[[], datetime], address: str, counts: Counts
    ) -> None:
        self._address = address
        self._clock = clock
        self._counts = counts
        self._began: dict[Who, datetime] = {}
        self._ports = ports
        self._sampler = Sampler(asking.ask, clock, ports.defaults)

    async def answer(self, question: Question, world: TickingWorld) -> Answer:
        """What is said."""
        self._began.setdefault(who(world), self._clock())
        match question:
            case AskGate():
                return await self._gate(question, world)
            case AskMetric():
                answer = await self._metric(question, world)
                self._counts.measured(world, _check(question, world), answer)
                return answer
            case _:
                raise TypeError(f"a rollout that ticks asks no {type(question).__name__}")

    def forget(self, whom: Who) -> None:
        """The rollout is gone."""
        self._began.pop(whom, None)

    def took(self, whom: Who) -> float | None:
        """The seconds since the first question of a tick that ends now; None where it asked nothing."""
        began = self._began.pop(whom, None)
        return None if began is None else (self._clock() - began).total_seconds()

    async def send(self, request: Http) -> HttpAnswer:
        """One request to a webhook."""
        answer: HttpAnswer = await self._ports.ask(request)
        return answer

    async def _gate(self, question: AskGate, world: TickingWorld) -> GateAnswer:
        known = [gate for gate in world.strategy.gates if gate.asked_as == question.asked_as]
        if len(known) <= question.place:
            return GateAnswer(is_open=False, message=f"webhook {question.gate} is not in the manifest any more")
        gate = known[question.place]
        if gate.fault:
            return GateAnswer(is_open=False, message=gate.fault)
        request = world.dialect.call_of(world.rollout, gate, question.phase)
        return await webhooks.call(self.send, request, gate.retries)

    async def _metric(self, question: AskMetric, world: TickingWorld) -> MetricAnswer:
        rollout = world.rollout
        templates = world.named(world.dialect.template)
        source = world.dialect.metric_source_of(world.manifest, _check(question, world), templates, self._address)
        try:
            return MetricAnswer(
                await self._sampler.sample(source, RunIdentity(rollout.namespace, rollout.name, rollout.uid))
            )
        except NoDataError:
            return MetricAnswer(None)
        except AnalysisError as error:
            return MetricAnswer(None, str(error))


def who(world: TickingWorld) -> Who:
    """By what a rollout is remembered."""
    return world.rollout.namespace, world.rollout.name


def _check(question: AskMetric, world: TickingWorld) -> Check:
    """The check that a question is of; a look whether somebody answers at all is of none."""
    asked = (question.name, question.query, question.source)
    known = (check for check in world.strategy.checks if (check.name, check.query, check.source) == asked)
    return next(known, Check(question.name, question.query))
