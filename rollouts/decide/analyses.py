"""The AnalysisRuns of a rollout: which to start, to cancel, to forget, and what their verdict means for it.

Called by both tuples. A bad verdict aborts, an inconclusive one pauses; after a human resumed, or after an abort, a
new run takes the place of the old (spec/argo-rollouts.md §2.17).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from rollouts.decide.pauses import INCONCLUSIVE, aborted, was_lifted, with_pause, without_pause
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.model.effects import CancelAnalysis, DeleteAnalysis, Effect, StartAnalysis
from rollouts.model.plan import Event
from rollouts.model.snapshot import Analysis
from rollouts.model.status import AnalysisStatus, Status
from rollouts.model.strategy import Analyse, AnalysisRef, BlueGreen, Canary

STEP, BACKGROUND, PRE, POST = "Step", "Background", "PrePromotion", "PostPromotion"
_FIELDS = {
    STEP: ("canary", "step_analysis"),
    BACKGROUND: ("canary", "background"),
    PRE: ("blue_green", "pre_promotion"),
    POST: ("blue_green", "post_promotion"),
}
_SUFFIXES = {BACKGROUND: "", PRE: "-pre", POST: "-post"}
_BLAME = {
    STEP: "Step-based analysis phase error/failed",
    BACKGROUND: "Background analysis phase error/failed",
    PRE: "Blue/green pre-promotion analysis phase error/failed",
    POST: "Blue/green post-promotion analysis phase error/failed",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An analysis that this moment calls for. `is_due` False: keep what runs, start nothing."""

    role: str
    analysis: AnalysisRef
    step: int | None = None


def run_analyses(here: Situation) -> Step | None:
    """Start, judge, cancel and forget; the status follows the runs."""
    if _are_over(here):
        ended = _cancelled(here, keep=frozenset())
        return replace(ended or Step(), status=_without_foreign_step(here))
    wanted = _wanted(here)
    step = Step(status=_cleared(here.status, {w.role for w in wanted}))
    for want in wanted:
        here_now = here.after(step)
        answer = _reconcile(here_now, want)
        step = Step(
            step.effects + answer.effects,
            step.events + answer.events,
            status=answer.status or step.status,
            abort=step.abort or answer.abort,
            reason=answer.reason or step.reason,
        )
    status = step.status or here.status
    keep = {current.name for role in _FIELDS if (current := recorded(status, role)) is not None}
    ended = _cancelled(here, keep=frozenset(keep))
    stops = step.abort or status.pauses != here.status.pauses
    return replace(
        step,
        effects=step.effects + (ended.effects if ended else ()),
        ends=Ends.ACTING if stops else Ends.NOTHING,
    )


def forget_aborted_runs(here: Situation) -> Step | None:
    """A retry is judged afresh: what was said of the aborted attempt must not end it, nor pass it."""
    if here.observed.aborted_at is None or here.observed.is_aborted:
        return None
    status = here.status
    for role in _FIELDS:
        status = with_recorded(status, role, None)
    return Step(status=status)


def recorded(status: Status, role: str) -> AnalysisStatus | None:
    """The run that the status names for a role."""
    part, name = _FIELDS[role]
    found: AnalysisStatus | None = getattr(getattr(status, part), name)
    return found


def with_recorded(status: Status, role: str, value: AnalysisStatus | None) -> Status:
    """The status that names this run for a role."""
    part, name = _FIELDS[role]
    changed = replace(getattr(status, part), **{name: value})
    return replace(status, canary=changed) if part == "canary" else replace(status, blue_green=changed)


def is_passed(here: Situation, role: str) -> bool:
    """The current run of this role has ended well."""
    current = recorded(here.status, role)
    run = _run(here, current.name) if current else None
    return run is not None and run.phase == "Successful"


def _run(here: Situation, name: str) -> Analysis | None:
    return next((run for run in here.snapshot.analyses if run.name == name), None)


def _are_over(here: Situation) -> bool:
    """Nothing is being judged: the update is aborted, forced, a way back, or the very first."""
    is_forced = here.observed.promote_fully or here.is_way_back
    return here.status.is_aborted or is_forced or not here.observed.stable


def _without_foreign_step(here: Situation) -> Status:
    """The status that names a step's run only while the rollout stands at that step."""
    current = recorded(here.status, STEP)
    run = _run(here, current.name) if current else None
    is_foreign = run is not None and run.step != here.observed.step
    return with_recorded(here.status, STEP, None) if is_foreign else here.status


def _wanted(here: Situation) -> tuple[Wanted, ...]:
    match here.rollout.strategy:
        case Canary() as canary:
            return _wanted_of_canary(here, canary)
        case BlueGreen() as blue_green:
            return _wanted_of_blue_green(here, blue_green)
        case _:
            return ()


def _wanted_of_canary(here: Situation, canary: Canary) -> tuple[Wanted, ...]:
    if here.is_promoted:
        return ()
    wanted = []
    index = here.observed.step
    if index is not None and index < len(canary.steps):
        step = canary.steps[index]
        if isinstance(step, Analyse):
            wanted.append(Wanted(STEP, step.analysis, index))
    if canary.background is not None and (index or 0) >= canary.background.starting_step:
        wanted.append(Wanted(BACKGROUND, canary.background))
    return tuple(wanted)


def _wanted_of_blue_green(here: Situation, blue_green: BlueGreen) -> tuple[Wanted, ...]:
    if here.is_promoted or here.new is None:
        return ()
    is_active = here.observed.blue_green.active == here.new.hash
    if is_active and blue_green.post_promotion is not None:
        return (Wanted(POST, blue_green.post_promotion),)
    if not is_active and blue_green.pre_promotion is not None and is_serving(here):
        return (Wanted(PRE, blue_green.pre_promotion),)
    return ()


def is_serving(here: Situation) -> bool:
    """The new version has all the pods that it is to have for now."""
    new = here.new
    return new is not None and new.replicas > 0 and new.available >= new.replicas


def _reconcile(here: Situation, want: Wanted) -> Step:
    current = recorded(here.status, want.role)
    run = _run(here, current.name) if current else None
    if here.observed.paused_for(INCONCLUSIVE) is not None:
        return Step(status=_following(here.status, want.role, run))
    if here.rollout.is_paused and run is None:
        return Step()
    if _needs_new(here, current, run):
        return _start(here, want)
    if run is None:
        return Step()
    status = _following(here.status, want.role, run)
    events = _told(want.role, current, run)
    if run.phase in ("Failed", "Error"):
        reason = f"{_BLAME[want.role]}: {run.message}" if run.message else _BLAME[want.role]
        return Step(events=events, status=aborted(status, here.now), abort=reason, reason=reason)
    if run.phase == "Inconclusive":
        status = with_pause(status, INCONCLUSIVE, here.now)
    return Step(events=events, status=status)


def _needs_new(here: Situation, current: AnalysisStatus | None, run: Analysis | None) -> bool:
    """None was started, or it is gone, or a human went on after one that could not tell."""
    if current is None or run is None:
        return True
    return was_lifted(here.observed) and run.phase == "Inconclusive"


def _start(here: Situation, want: Wanted) -> Step:
    begun = _begun(here, want)
    if begun is not None:
        return Step(status=with_recorded(here.status, want.role, AnalysisStatus(begun.name, "")))
    revision = here.new.revision if here.new else here.rollout.revision
    suffix = f"-{want.step}" if want.role == STEP else _SUFFIXES[want.role]
    name = _free_name(here, f"{here.rollout.name}-{here.current_hash}-{revision}{suffix}")
    effect = StartAnalysis(name, want.role, want.analysis, here.current_hash, revision, want.step)
    status = with_recorded(here.status, want.role, AnalysisStatus(name, ""))
    if was_lifted(here.observed):
        status = without_pause(status, INCONCLUSIVE)
    return Step((effect,), status=status, reason=f"start analysis {name}")


def _begun(here: Situation, want: Wanted) -> Analysis | None:
    """The run of an earlier round whose status was never written: it counts, so that none is made twice.

    It may have ended meanwhile. One that ended in an earlier attempt does not count, nor one that could not tell.
    """
    wanted = (want.role, want.step, here.current_hash)
    ours = [run for run in here.snapshot.analyses if (run.role, run.step, run.hash) == wanted]
    running = (run for run in ours if not run.is_done and not run.is_terminating)
    return next(running, None) or next((run for run in ours if _is_of_this_attempt(here, run)), None)


def _is_of_this_attempt(here: Situation, run: Analysis) -> bool:
    """Made since the attempt began; both moments are whole seconds, so the same second does not tell."""
    attempt = here.observed.attempt
    is_told = run.is_done and not run.is_terminating and run.phase != "Inconclusive"
    return is_told and attempt is not None and attempt.finished is None and run.created > attempt.started


def _free_name(here: Situation, base: str) -> str:
    """The name, with `.1`, `.2` … where it is taken."""
    taken = {run.name for run in here.snapshot.analyses}
    taken |= {
        f.effect.name
        for f in here.snapshot.failures
        if isinstance(f.effect, StartAnalysis) and f.reason == "AlreadyExists"
    }
    if base not in taken:
        return base
    return next(name for name in (f"{base}.{n}" for n in range(1, len(taken) + 2)) if name not in taken)


def _following(status: Status, role: str, run: Analysis | None) -> Status:
    if run is None:
        return status
    return with_recorded(status, role, AnalysisStatus(run.name, run.phase, run.message))


def _told(role: str, current: AnalysisStatus | None, run: Analysis) -> tuple[Event, ...]:
    """The event of a run whose phase is another than the one recorded."""
    before = current.phase if current else ""
    if run.phase in ("", before):
        return ()
    message = f"{role} Analysis Run '{run.name}' Status New: '{run.phase}' Previous: '{before}'"
    return (Event(f"AnalysisRun{run.phase}", message, is_warning=run.phase in ("Failed", "Error")),)


def _cleared(status: Status, wanted: set[str]) -> Status:
    """The status without runs of roles that this moment does not call for."""
    for role in _FIELDS:
        if role not in wanted and recorded(status, role) is not None and role != PRE:
            status = with_recorded(status, role, None)
    return status


def _cancelled(here: Situation, keep: frozenset[str]) -> Step | None:
    """Ask every other run to end, and forget those that ended long ago."""
    others = [run for run in here.snapshot.analyses if run.name not in keep]
    ending: list[Effect] = [CancelAnalysis(r.name) for r in others if not r.is_done and not r.is_terminating]
    held_hashes = {v.hash for v in here.versions}
    named = {current.name for role in _FIELDS if (current := recorded(here.status, role)) is not None}
    done = [run for run in others if run.is_done and run.name not in named]
    well = [run for run in done if run.phase == "Successful"]
    ill = [run for run in done if run.phase != "Successful"]
    kept = here.rollout.runs_kept
    forgotten = {run.name for run in (*_oldest(well, kept.successful), *_oldest(ill, kept.unsuccessful))}
    forgotten |= {run.name for run in done if run.hash not in held_hashes}
    ending += [DeleteAnalysis(name) for name in sorted(forgotten)]
    return Step(tuple(ending)) if ending else None


def _oldest(runs: list[Analysis], kept: int) -> list[Analysis]:
    """All but the newest ones that are kept."""
    by_age: list[Analysis] = sorted(runs, key=lambda run: (_age(run), run.name), reverse=True)
    return by_age[max(kept, 0) :]


def _age(run: Analysis) -> datetime:
    return run.created
