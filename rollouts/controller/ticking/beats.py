"""Ticks that changed nothing but the clock: kept here instead of being written into every status. Used by manner.

A restart forgets them, and then the next tick comes at once: a tick of that kind counts nothing. So a rollout that
waits (for pods, for an approval) costs no write, and statuses tell when something happened last.
"""

from dataclasses import replace
from datetime import datetime

from rollouts.model.rollout import Rollout
from rollouts.model.status import Status

Who = tuple[str, str]
"""Namespace and name."""


class Beats:
    """The last tick of rollouts whose status has an older one."""

    def __init__(self) -> None:
        self._beats: dict[Who, datetime] = {}

    def seen(self, rollout: Rollout) -> Rollout:
        """The rollout with its last tick, wherever that is known from; one without a phase has never ticked."""
        beat, ticked = self._beats.get((rollout.namespace, rollout.name)), rollout.status.ticks.ticked
        if beat is None or rollout.status.phase is None or (ticked is not None and ticked >= beat):
            return rollout
        return replace(rollout, status=_ticked(rollout.status, beat))

    def written(self, rollout: Rollout, wanted: Status) -> Status:
        """What is to be written of a status that was decided: the observed one where only the clock went on."""
        who, observed = (rollout.namespace, rollout.name), rollout.status
        if observed.phase is None or _ticked(wanted, observed.ticks.ticked) != observed:
            return wanted
        if wanted.ticks.ticked is not None and wanted != observed:
            self._beats[who] = wanted.ticks.ticked
        return observed

    def forget(self, who: Who) -> None:
        """The rollout is gone."""
        self._beats.pop(who, None)


class Blips:
    """Since when workloads are not ready: deadlines that count from the last tick have to wait for that too.

    Ticks that only wait are not written, so that after an hour at a gate one short blip would have spent any deadline.
    A restart forgets, and then a deadline begins anew.
    """

    def __init__(self) -> None:
        self._since: dict[Who, datetime] = {}

    def seen(self, rollout: Rollout, now: datetime) -> Rollout:
        """The rollout as if it had ticked when its workloads stopped being ready: now, for all that is known."""
        since, ticked = self._since.get((rollout.namespace, rollout.name), now), rollout.status.ticks.ticked
        if ticked is None or ticked >= since:
            return rollout
        return replace(rollout, status=_ticked(rollout.status, since))

    def note(self, rollout: Rollout, now: datetime, *, is_ready: bool) -> None:
        """The workloads were seen."""
        if is_ready:
            self.forget((rollout.namespace, rollout.name))
        else:
            self._since.setdefault((rollout.namespace, rollout.name), now)

    def forget(self, who: Who) -> None:
        """The rollout is gone, or all is well."""
        self._since.pop(who, None)


def _ticked(status: Status, ticked: datetime | None) -> Status:
    return replace(status, ticks=replace(status.ticks, ticked=ticked))
