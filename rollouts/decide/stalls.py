"""A rollout that gets nowhere says so: what it waits for and since when, in status.message and in one event.

The last closing stage of both tuples. Argo's phase and its words stay in front, unchanged; conditions are not touched.
A stall begins when half of progressDeadlineSeconds has passed without progress. What the status says of it is all the
memory there is: while it stands there, the stall is the same one and no second event is told.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime

from rollouts.decide.conditions import PROGRESSING, REPLICA_FAILURE
from rollouts.decide.situation import Situation, Step
from rollouts.decide.waiting import Wait, last_progress, wait_of
from rollouts.model.plan import Event
from rollouts.model.questions import AskPods, PodsSeen
from rollouts.model.reading import rfc3339
from rollouts.model.status import Phase

EVENT = "RolloutStuck"
_TOLD = re.compile(
    r" \(stuck since (?P<since>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ): waits for .*?"
    r"(; (?P<cause>(pod \S+: |its pods ).*))?\)$",
    re.DOTALL,
)


def name_stall(here: Situation) -> Step | None:
    """Add what is missing to the message once nothing has moved for too long; before, say when that will be."""
    wait = wait_of(here) if here.status.phase in (Phase.PROGRESSING, Phase.DEGRADED) else None
    since = _since(here)
    if wait is None or wait.is_by_design or since is None:
        return None
    due = since + here.rollout.progress_deadline / 2
    if here.now < due and not _is_late(here):
        return Step(wake_at=due)
    return _told(here, wait, since)


def _told(here: Situation, wait: Wait, since: datetime) -> Step | None:
    """The message in full; why pods do not run is asked for once nothing else is left to do, and kept for the stall."""
    stuck = f"stuck since {rfc3339(since)}: waits for {wait.what}"
    known = _TOLD.search(here.observed.message)
    cause = known.group("cause") if known else None
    if wait.version and cause is None:
        answer = here.snapshot.answers.get(AskPods((wait.version,)))
        cause = _cause(answer) if isinstance(answer, PodsSeen) else None
    status = replace(here.status, message=f"{here.status.message} ({stuck}{f'; {cause}' if cause else ''})")
    if wait.version and cause is None:
        is_idle = status == here.observed and not here.effects and not here.events
        return Step(status=status, questions=(AskPods((wait.version,)),) if is_idle else ())
    is_new = known is None or (wait.version != "" and known.group("cause") is None)
    text = f"No progress since {rfc3339(since)}: waits for {wait.what}{f'; {cause}' if cause else ''}"
    return Step(status=status, events=(Event(EVENT, text, is_warning=True),) if is_new else ())


def _cause(seen: PodsSeen) -> str:
    """What the first pod in trouble says of it."""
    if seen.error:
        return f"its pods cannot be read: {seen.error}"
    troubled = sorted((pod.name, pod.trouble) for pod in seen.pods if pod.trouble and not pod.is_ready)
    return "pod {}: {}".format(*troubled[0]) if troubled else "its pods do not say why"


def _since(here: Situation) -> datetime | None:
    """The last progress; None where nothing is under way that could make any.

    The deadline renews the condition's time, so then the beginning is the one that was told, or a deadline ago.
    """
    known = here.status.condition(PROGRESSING)
    if known is None:
        return None
    if known.reason == "NewReplicaSetAvailable":
        failure = here.status.condition(REPLICA_FAILURE)
        return failure.changed if failure else None
    if not _is_late(here):
        return last_progress(here)
    told = _TOLD.search(here.observed.message)
    if told is not None:
        return datetime.strptime(told.group("since"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return known.updated - here.rollout.progress_deadline


def _is_late(here: Situation) -> bool:
    """The progress deadline has passed."""
    known = here.status.condition(PROGRESSING)
    return known is not None and known.reason == "ProgressDeadlineExceeded"
