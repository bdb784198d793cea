"""Step plugins: run until they are done, called back after an abort, told to end by a full promotion.

Called last of the canary's acting stages. A plugin may take its time, so nobody waits for it: it is an errand, whose
answer joins a later snapshot, and everything else goes on meanwhile (spec/argo-rollouts.md §1.7, §2.4). What a plugin
wants to remember is in the status; one whose answer is lost is run again with what it said before.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from rollouts.decide.pauses import aborted
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.model.plan import Event
from rollouts.model.questions import AskStepPlugin, PluginAnswer
from rollouts.model.status import Phase, PluginStatus, Status
from rollouts.model.strategy import Canary, RunPlugin

RUN, TERMINATE, ABORT = "Run", "Terminate", "Abort"
RUNNING, SUCCESSFUL, FAILED, ERROR = "Running", "Successful", "Failed", "Error"
PHASES = (RUNNING, SUCCESSFUL, FAILED, ERROR)
SHORTEST_WAIT = timedelta(seconds=10)
USUAL_WAIT = timedelta(seconds=30)


def run_step_plugins(here: Situation) -> Step | None:
    """Whatever plugins have to do at this moment."""
    strategy = here.rollout.strategy
    if not isinstance(strategy, Canary):
        return None
    if here.status.is_aborted:
        return _call_back(here)
    here = here.after(Step(status=_cleaned(here)))
    if here.observed.promote_fully or here.is_promoted:
        return _terminate(here)
    return _run(here, strategy) or Step(status=here.status)


def is_plugin_done(here: Situation, index: int) -> bool:
    """The plugin of this step has done its part, or may not run."""
    entry = _entry(here.status, index, RUN)
    return entry is not None and (entry.is_disabled or entry.phase in (SUCCESSFUL, FAILED))


def _run(here: Situation, strategy: Canary) -> Step | None:
    """The current step's plugin: not while a human holds the rollout, and not before its pause is over."""
    index = here.observed.step
    if index is None or index >= len(strategy.steps) or here.observed.phase is not Phase.PROGRESSING:
        return None
    step = strategy.steps[index]
    entry = _entry(here.status, index, RUN)
    if not isinstance(step, RunPlugin) or is_plugin_done(here, index):
        return None
    ready_at = _ready_at(entry)
    if ready_at is not None and here.now < ready_at:
        said = f": {entry.message}" if entry and entry.message else ""
        reason = f"step {index + 1} of {len(strategy.steps)}: plugin {step.name} again at {ready_at:%H:%M:%S}{said}"
        return Step(status=here.status, wake_at=ready_at, reason=reason)
    return _asked(here, PluginStatus(index, step.name, RUN, RUNNING) if entry is None else entry)


def _call_back(here: Situation) -> Step | None:
    """After an abort every plugin that has begun is told so, the last one first, one after the other."""
    for entry in reversed(here.status.canary.plugins):
        has_begun = entry.operation == RUN and entry.phase in (RUNNING, SUCCESSFUL) and not entry.is_disabled
        if has_begun and _entry(here.status, entry.index, ABORT) is None:
            return _asked(here, PluginStatus(entry.index, entry.name, ABORT, SUCCESSFUL))
    return None


def _terminate(here: Situation) -> Step | None:
    """A full promotion jumps over the step whose plugin still runs: that one is told to end."""
    for entry in reversed(here.status.canary.plugins):
        if entry.operation == TERMINATE:
            return None
        if entry.operation == RUN and entry.phase == RUNNING and not entry.is_disabled:
            return _asked(here, PluginStatus(entry.index, entry.name, TERMINATE, SUCCESSFUL))
    return None


def _asked(here: Situation, entry: PluginStatus) -> Step:
    """Send for the plugin, or take in what it has answered."""
    attempt = here.observed.attempt
    begun = "" if attempt is None else f"{attempt.started:%Y-%m-%dT%H:%M:%SZ}"
    name = f"{here.current_hash}/{begun}/{entry.executions}"
    question = AskStepPlugin(entry.name, entry.index, entry.operation, name)
    answer = here.snapshot.answers.get(question)
    if not isinstance(answer, PluginAnswer):
        reason = f"waits for plugin {entry.name} of step {entry.index + 1} to {entry.operation.lower()}"
        return Step(status=here.status, errands=(question,), reason=reason)
    return _heard(here, entry, answer)


def _heard(here: Situation, entry: PluginStatus, answer: PluginAnswer) -> Step:
    known = _entry(here.status, entry.index, entry.operation)
    entry = _answered(entry, answer, here.now)
    status = _with_entry(here.status, entry)
    events = _told(known, entry)
    if entry.operation != RUN or entry.phase != FAILED:
        return Step(events=events, status=status, wake_at=_ready_at(entry))
    status = aborted(status, here.now)
    return Step(events=events, status=status, reason=entry.message, abort=entry.message, ends=Ends.ACTING)


def _answered(entry: PluginStatus, answer: PluginAnswer, now: datetime) -> PluginStatus:
    """The entry with the answer in it. What broke keeps its state, and is tried again."""
    if answer.is_disabled:
        return PluginStatus(entry.index, entry.name, entry.operation, "", is_disabled=True)
    phase, message, state, wait = answer.phase or entry.phase, answer.message, answer.state, answer.again_after
    if not answer.error and phase not in PHASES:
        answer = replace(answer, error=f"the plugin answered with the unknown phase {phase!r}")
    if answer.error:
        phase, message, state, wait = ERROR, answer.error, entry.state, None
    elif entry.operation != RUN and phase == RUNNING:
        phase, message = FAILED, f"cannot still run when told to {entry.operation.lower()}"
    is_final = phase in (SUCCESSFUL, FAILED) or entry.operation != RUN
    return replace(
        entry,
        phase=phase,
        message=message,
        state=state,
        started=entry.started or answer.started,
        updated=now,
        finished=now if is_final else None,
        backoff=None if is_final else _wait(wait),
        executions=entry.executions + 1,
    )


def _wait(wish: timedelta | None) -> timedelta:
    """Argo: a plugin that asks for less than ten seconds, or for nothing, gets thirty."""
    return USUAL_WAIT if wish is None or wish < SHORTEST_WAIT else wish


def _ready_at(entry: PluginStatus | None) -> datetime | None:
    if entry is None or entry.updated is None or entry.backoff is None:
        return None
    return entry.updated + entry.backoff


def _told(known: PluginStatus | None, entry: PluginStatus) -> tuple[Event, ...]:
    """An event when the phase changes; a good end is told as the step's."""
    is_ended_well = entry.operation == RUN and entry.phase == SUCCESSFUL
    if entry.is_disabled or is_ended_well or (known is not None and known.phase == entry.phase):
        return ()
    text = f"Step plugin {entry.name} at step {entry.index + 1}: {entry.operation} is {entry.phase}"
    return (Event("StepPluginTransition", text, is_warning=entry.phase in (FAILED, ERROR)),)


def _cleaned(here: Situation) -> Status:
    """A retry begins at the first step with a clean sheet: what was said to an earlier attempt is over."""
    entries, attempt = here.status.canary.plugins, here.observed.attempt
    was_called_back = any(entry.operation == ABORT for entry in entries)
    is_old = any(attempt and entry.updated and entry.updated < attempt.started for entry in entries)
    if here.observed.step != 0 or not (was_called_back or is_old):
        return here.status
    return replace(here.status, canary=replace(here.status.canary, plugins=()))


def _entry(status: Status, index: int, operation: str) -> PluginStatus | None:
    return next((p for p in status.canary.plugins if (p.index, p.operation) == (index, operation)), None)


def _with_entry(status: Status, entry: PluginStatus) -> Status:
    """The status with this entry in its place, or at the end."""
    known, entries = _entry(status, entry.index, entry.operation), status.canary.plugins
    changed = (*entries, entry) if known is None else tuple(entry if p is known else p for p in entries)
    return replace(status, canary=replace(status.canary, plugins=changed))
