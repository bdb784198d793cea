"""A miniature with what stands beside a rollout: the workload of its template, experiments, step plugins."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rollouts.model import effects as e
from rollouts.model.questions import Answer, AskStepPlugin, PluginAnswer, Question
from rollouts.model.rollout import WorkloadRef
from rollouts.model.snapshot import ExperimentRun, Snapshot, TemplateSeen
from rollouts.model.strategy import Experiment, ExperimentTemplate, RunPlugin, Strategy
from rollouts.model.workload import Workload
from tests.builders.rollouts import Miniature, a_rollout


def plugin(name: str = "smoke/test") -> RunPlugin:
    """A plugin step."""
    return RunPlugin(name)


def experiment(**weights: int | None) -> Experiment:
    """An experiment step; its versions by name, with their weights: those named base are of the stable version."""
    return Experiment(
        tuple(
            ExperimentTemplate(name, "stable" if name == "base" else "canary", weight=w) for name, w in weights.items()
        )
    )


@dataclass
class Company(Miniature):
    """A miniature whose companions do as a test says."""

    workload: Workload | None = None
    experiments: dict[str, ExperimentRun] = field(default_factory=dict)
    says: dict[str, list[PluginAnswer]] = field(default_factory=dict)
    asked: list[AskStepPlugin] = field(default_factory=list)
    answers: dict[Question, Answer] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        """The world as it is now, companions included."""
        return replace(
            super().snapshot,
            workload=self.workload,
            experiments=tuple(self.experiments.values()),
            answers=dict(self.answers),
        )

    def answer(self) -> None:
        """Let every plugin that is sent for say what comes next in `says`, by operation; then settle."""
        for question in self.decide().errands:
            assert isinstance(question, AskStepPlugin)
            self.asked.append(question)
            self.answers[question] = self.says[question.operation].pop(0)
        self.settle()

    def operations(self) -> list[tuple[str, int]]:
        """What plugins were asked to do, in order: operation and step."""
        return [(question.operation, question.index) for question in self.asked]

    def run_experiments(self, phase: str, templates: Mapping[str, str] | None = None, message: str = "") -> None:
        """Every experiment that has not ended is in this phase, its versions behind these Services by name."""
        seen = tuple(TemplateSeen(name, service, f"{name}-hash") for name, service in (templates or {}).items())
        for name, run in self.experiments.items():
            if not run.is_done:
                self.experiments[name] = replace(run, phase=phase, message=message, templates=seen)

    def carry_out(self, effect: e.Effect) -> None:
        """Make one effect real."""
        match effect:
            case e.NoteWorkload(generation=generation):
                self.rollout = replace(self.rollout, workload_generation=generation)
            case e.ScaleTarget(replicas=replicas) if self.workload is not None:
                generation = str(int(self.workload.generation) + 1)
                self.workload = replace(self.workload, replicas=replicas, generation=generation)
            case e.StartExperiment(name=name):
                self.experiments[name] = ExperimentRun(name, "", "", effect.hash, self.now)
            case e.CancelExperiment(name=name):
                self.experiments[name] = replace(self.experiments[name], is_terminating=True, phase="Successful")
            case e.DeleteExperiment(name=name):
                del self.experiments[name]
            case _:
                super().carry_out(effect)


def accompanied(strategy: Strategy) -> Company:
    """A company in which v1 is promoted and healthy, and its story forgotten."""
    here = Company(a_rollout(strategy))
    here.settle()
    here.events.clear()
    return here


def referring(strategy: Strategy, scale_down: str = "never", *, kind: str = "Deployment", replicas: int = 4) -> Company:
    """A rollout that nothing has happened to yet, with the template of a workload of this size."""
    reference = WorkloadRef("apps/v1", kind, "origin", scale_down)
    return Company(a_rollout(strategy, workload=reference), workload=Workload(kind, "origin", replicas, "7"))
