"""Experiments as values, and a miniature in which their plans come true at once. No test in here.

a_trial(a_version("base", 2), a_version("can"), analyses=[required("check")], duration=60)
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from analysis.model import Phase
from rollouts.decide.experiment import decide_experiment
from rollouts.model import experiment as m
from rollouts.model.snapshot import Analysis
from rollouts.model.workload import Version

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_version(
    name: str = "one", replicas: int = 1, service: str | None = None, *, ports: bool = True
) -> m.TemplateSpec:
    """A template of an experiment; `service` "": one under the ReplicaSet's name."""
    return m.TemplateSpec(name, replicas, service, has_ports=ports)


def required(name: str = "check") -> m.AnalysisSpec:
    """An analysis that the experiment waits for."""
    return m.AnalysisSpec(name, is_required=True)


def watched(name: str = "watch") -> m.AnalysisSpec:
    """An analysis beside it."""
    return m.AnalysisSpec(name)


def a_run(name: str, phase: str = "Running", *, message: str = "", ends: bool = False) -> Analysis:
    """An AnalysisRun of an experiment."""
    return Analysis(name, "", phase, message, "", None, START, is_terminating=ends)


@dataclass
class Trial:
    """An experiment whose effects are carried out at once; pods come and go as a test says."""

    spec: m.ExperimentSpec
    now: datetime = START
    status: m.ExperimentStatus = field(default_factory=m.ExperimentStatus)
    versions: dict[str, Version] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    runs: dict[str, Analysis] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    refuses: dict[type, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    plan: m.ExperimentPlan = field(default_factory=lambda: m.ExperimentPlan(m.ExperimentStatus()))

    def seen(self, failures: Iterable[m.ExperimentFailure] = ()) -> m.ExperimentSnapshot:
        """As a decision sees it."""
        return m.ExperimentSnapshot(
            spec=self.spec,
            status=self.status,
            versions=self.versions,
            services=self.services,
            runs=tuple(self.runs.values()),
            missing=self.missing,
            failures=tuple(failures),
        )

    def round(self, failures: Iterable[m.ExperimentFailure] = ()) -> m.ExperimentPlan:
        """Decide, carry out, write down. What `refuses` names fails instead, and is decided about again."""
        self.plan = decide_experiment(self.seen(failures), self.now)
        refused = [
            m.ExperimentFailure(effect, "Forbidden", self.refuses[type(effect)])
            for effect in self.plan.effects
            if type(effect) in self.refuses
        ]
        for effect in self.plan.effects:
            if type(effect) not in self.refuses:
                self._carry_out(effect)
        if refused and not failures:
            return self.round(refused)
        self.status = self.plan.status
        self.told += [event.message for event in self.plan.events]
        return self.plan

    def settle(self) -> None:
        """Rounds until one changes nothing."""
        for _ in range(20):
            before = (self.status, dict(self.versions), dict(self.services), dict(self.runs))
            self.round()
            if before == (self.status, self.versions, self.services, self.runs):
                return
        raise AssertionError(f"restless: {self.plan}")

    def come(self, *names: str) -> None:
        """All pods of these versions (none named: of all) are there and available, or gone where none are wanted."""
        for name, version in self.versions.items():
            if not names or name in names:
                size = version.replicas
                self.versions[name] = replace(version, current=size, ready=size, available=size)
        self.settle()

    def ends(self, analysis: str, phase: str, message: str = "") -> None:
        """The run of an analysis comes to this."""
        name = self.status.run(analysis).run
        self.runs[name] = replace(self.runs[name], phase=phase, message=message)
        self.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass, and rounds happen."""
        self.now += timedelta(seconds=seconds)
        self.settle()

    def stands(self) -> dict[str, str]:
        """Where the versions stand."""
        return {template.name: str(template.phase) for template in self.status.templates}

    def sizes(self) -> dict[str, int]:
        """How many pods each version is to have."""
        return {name: version.replicas for name, version in self.versions.items()}

    def _carry_out(self, effect: m.ExperimentEffect) -> None:
        match effect:
            case m.CreateTemplate(template=template, name=name):
                self.versions[template] = Version(name, f"hash-{template}", 0, self.now)
            case m.ScaleTemplate(template=template, replicas=size, drops_delay=drops):
                until = None if drops else self.versions[template].scale_down_at
                self.versions[template] = replace(self.versions[template], replicas=size, scale_down_at=until)
            case m.DelayTemplate(template=template, until=until):
                self.versions[template] = replace(self.versions[template], scale_down_at=until)
            case m.CreateService(template=template, name=name):
                self.services[template] = name
            case m.DeleteService(template=template):
                del self.services[template]
            case m.StartRun(name=name):
                self.runs[name] = a_run(name, "")
            case m.EndRun(name=name):
                self.runs[name] = replace(self.runs[name], is_terminating=True)


def a_trial(
    *templates: m.TemplateSpec,
    analyses: Iterable[m.AnalysisSpec] = (),
    duration: float | None = None,
    delay: float = 30,
    deadline: float = 600,
) -> Trial:
    """An experiment that nobody has looked at yet; times in seconds."""
    return Trial(
        m.ExperimentSpec(
            "trial",
            templates or (a_version(),),
            tuple(analyses),
            None if duration is None else timedelta(seconds=duration),
            timedelta(seconds=deadline),
            timedelta(seconds=delay),
        )
    )


def running(*templates: m.TemplateSpec, **settings: object) -> Trial:
    """An experiment whose versions have all come."""
    trial = a_trial(*templates, **settings)  # type: ignore[arg-type]  # passed on as they are
    trial.settle()
    trial.come()
    assert trial.status.phase in (Phase.RUNNING, Phase.SUCCESSFUL)
    return trial
