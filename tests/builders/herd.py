"""A cluster in miniature whose versions have pods with names and ages. For tests of restarts."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from rollouts.model import effects as e
from rollouts.model.plan import Plan
from rollouts.model.questions import Answer, AskPods, PodsSeen, Question
from rollouts.model.strategy import Strategy
from rollouts.model.workload import Pod, Version
from tests.builders.rollouts import Miniature, a_rollout

_MOST_QUESTIONS = 4


@dataclass
class Herd(Miniature):
    """A Miniature with pods. `evicted` are their names, in order; `fewest` is the least number that ever served."""

    pods: dict[str, Pod] = field(default_factory=dict)
    evicted: list[str] = field(default_factory=list)
    fewest: int | None = None
    trouble: str = ""
    made: int = 0

    def decide(self) -> Plan:
        """The plan of this moment, its questions answered."""
        answers: dict[Question, Answer] = {}
        for _ in range(_MOST_QUESTIONS):
            plan = self.deciding(replace(self.snapshot, answers=answers), self.now)
            if not plan.questions:
                return plan
            answers |= {question: self._answer(question) for question in plan.questions}
        raise AssertionError(f"questions never end: {plan.questions}")

    def ready(self) -> None:
        """ReplicaSets make and remove pods; every pod gets ready unless its version is broken."""
        for name, version in self.versions.items():
            self._resize(version)
            for pod in self._of(name):
                since = pod.ready_since or self.now
                is_ready = version.hash not in self.broken
                self.pods[pod.name] = replace(pod, is_ready=is_ready, ready_since=since if is_ready else None)
        self._count()

    def carry_out(self, effect: e.Effect) -> None:
        """An evicted pod is gone at once; what counts the pods sees it."""
        if not isinstance(effect, e.EvictPod):
            super().carry_out(effect)
            return
        self.evicted.append(effect.name)
        del self.pods[effect.name]
        self._count()
        serving = sum(version.available for version in self.versions.values())
        self.fewest = serving if self.fewest is None else min(self.fewest, serving)

    def restart(self, after: timedelta = timedelta()) -> None:
        """A minute later the user asks for new pods: at once, or so long after."""
        self.now += timedelta(seconds=60)
        self.rollout = replace(self.rollout, restart_at=self.now + after, generation=self.rollout.generation + 1)

    def _answer(self, question: Question) -> Answer:
        assert isinstance(question, AskPods)
        found = tuple(pod for pod in self.pods.values() if pod.version in question.versions)
        return PodsSeen(error=self.trouble) if self.trouble else PodsSeen(found)

    def _resize(self, version: Version) -> None:
        pods = sorted(self._of(version.name), key=lambda pod: (not pod.is_ready, pod.created), reverse=True)
        for surplus in pods[: max(0, len(pods) - version.replicas)]:
            del self.pods[surplus.name]
        for _ in range(version.replicas - len(pods)):
            self.made += 1
            name = f"{version.name}-{self.made}"
            self.pods[name] = Pod(name, version.name, self.now)

    def _count(self) -> None:
        for name, version in self.versions.items():
            pods = self._of(name)
            serving = sum(pod.is_ready for pod in pods)
            self.versions[name] = replace(version, current=len(pods), ready=serving, available=serving)

    def _of(self, version: str) -> list[Pod]:
        return [pod for pod in self.pods.values() if pod.version == version]


def a_herd(strategy: Strategy, **fields: Any) -> Herd:
    """A herd in which v1 is promoted and healthy, and its story forgotten."""
    here = Herd(a_rollout(strategy, **fields))
    here.settle()
    here.events.clear()
    return here
