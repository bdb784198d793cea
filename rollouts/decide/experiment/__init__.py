"""An Experiment's next round, in Argo's order: its versions, its analyses, what both amount to, its conditions.

Called by controller/kinds/experiment.py with all that there is of one Experiment; pure. What a *rollout* does about the
Experiment of its step is decided in decide/experiments.py, which sees no more of it than its phase.
"""

from datetime import datetime

from rollouts.decide.experiment.analyses import mind_analysis
from rollouts.decide.experiment.conditions import concluded, refused
from rollouts.decide.experiment.minded import Minded
from rollouts.decide.experiment.templates import mind_template, wakes_at
from rollouts.decide.experiment.verdict import judged
from rollouts.model.experiment import (
    EndRun,
    ExperimentEffect,
    ExperimentPlan,
    ExperimentSnapshot,
    ExperimentStatus,
    ScaleTemplate,
)
from rollouts.model.plan import Event

__all__ = ["decide_experiment", "event_of"]


def decide_experiment(seen: ExperimentSnapshot, now: datetime) -> ExperimentPlan:
    """What is to be done now, what to write down and to tell, and when time alone calls again.

    A settled experiment gives no effects and the status that it has.
    """
    if seen.spec.faults:
        return ExperimentPlan(refused(seen, now))
    versions = [mind_template(seen, template, now) for template in seen.spec.templates]
    analyses = [mind_analysis(seen, analysis) for analysis in seen.spec.analyses]
    status = ExperimentStatus(
        phase=seen.status.phase,
        message=seen.status.message,
        available_at=seen.status.available_at,
        templates=tuple(version.status for version in versions),
        runs=tuple({analysis.status.name: analysis.status for analysis in analyses}.values()),
        conditions=seen.status.conditions,
    )
    minded: list[Minded] = [*versions, *analyses]
    status = concluded(seen, judged(seen, status, now), now)
    return ExperimentPlan(
        status=status,
        effects=tuple(effect for one in minded for effect in one.effects),
        events=tuple(event for one in minded for event in one.events),
        shared=tuple(event for analysis in analyses for event in analysis.shared),
        wake_at=wakes_at(seen, status, now),
    )


def event_of(effect: ExperimentEffect) -> Event | None:
    """What is told of an effect once it is carried out."""
    match effect:
        case ScaleTemplate(name=name, former=former, replicas=size):
            way = "up" if size > former else "down"
            return Event("ScalingReplicaSet", f"Scaled {way} ReplicaSet {name} from {former} to {size}")
        case EndRun(analysis=analysis, name=name):
            return Event("AnalysisRunTerminating", f"Terminating {analysis} ({name})")
        case _:
            return None
