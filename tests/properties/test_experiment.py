"""Whatever happens to an experiment: it settles, keeps its end, starts each analysis once and leaves nothing behind."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from analysis.model import Phase
from rollouts.decide.experiment import decide_experiment
from rollouts.model.experiment import AnalysisSpec, TemplateSpec
from tests.builders.experiments import Trial, a_trial

TEMPLATES = st.lists(
    st.builds(
        TemplateSpec,
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 3),
        st.sampled_from([None, "", "named"]),
        has_ports=st.booleans(),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda template: template.name,
)
ANALYSES = st.lists(
    st.builds(AnalysisSpec, st.sampled_from(["x", "y"]), st.booleans()), max_size=2, unique_by=lambda one: one.name
)
TRIALS = st.builds(
    lambda templates, analyses, duration, delay: a_trial(
        *templates, analyses=analyses, duration=duration, delay=delay, deadline=30
    ),
    TEMPLATES,
    ANALYSES,
    st.sampled_from([None, 5, 60]),
    st.sampled_from([0, 10]),
)
DEEDS = st.lists(
    st.one_of(
        st.sampled_from(["come", "fall ill", "lose a run", "end", "round"]),
        st.integers(1, 40),
        st.sampled_from(["Running", "Successful", "Failed", "Error", "Inconclusive"]),
    ),
    max_size=12,
)


@given(TRIALS, DEEDS)
def test_an_experiment_keeps_its_promises(trial: Trial, deeds: list[str | int]) -> None:
    """At each step, and once it is over."""
    ended, started = None, 0
    for deed in deeds:
        _happen(trial, deed)
        assert ended in (None, trial.status.phase)
        ended = trial.status.phase if trial.status.phase.is_done else None
        started = max(started, len(trial.runs))
        assert started <= len(trial.spec.analyses)
    trial.spec = replace(trial.spec, is_terminated=True)
    for _ in range(4):
        _ends_runs(trial)
        trial.wait(60)
        trial.come()

    assert trial.status.phase.is_done
    assert not any(trial.sizes().values())
    assert trial.services == {}
    assert all(run.phase.is_done or not run.run for run in trial.status.runs)
    last = decide_experiment(trial.seen(), trial.now)
    assert (last.status, last.effects, last.events, last.wake_at) == (trial.status, (), (), None)


def _happen(trial: Trial, deed: str | int) -> None:
    match deed:
        case int(seconds):
            trial.wait(seconds)
        case "come":
            trial.come()
        case "fall ill":
            trial.versions = {name: replace(version, available=0) for name, version in trial.versions.items()}
            trial.settle()
        case "lose a run":
            trial.runs = dict(list(trial.runs.items())[1:]) if trial.status.phase is Phase.RUNNING else trial.runs
        case "end":
            trial.spec = replace(trial.spec, is_terminated=True)
            trial.settle()
        case "round":
            trial.round()
        case phase:
            for run in trial.status.runs:
                if run.run in trial.runs and not trial.runs[run.run].is_done:
                    trial.ends(run.name, phase)


def _ends_runs(trial: Trial) -> None:
    """A run that is told to end does."""
    for name, run in trial.runs.items():
        if run.is_terminating and not run.is_done:
            trial.runs[name] = replace(run, phase="Successful")
