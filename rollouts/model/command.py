"""What a person asks of a ticking rollout's present run. A value: parsed by a dialect, heeded by the ticking stages.

It holds for one run only: a dialect gives the run's own command or none, so that nobody's wish ever hits a later run.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """Abort: all back, now. Pause: no further, but go on watching. Promote: open the gate that it waits at. Finish:
    promote without another check. Retry: begin again with what failed.
    """

    ABORT = "abort"
    PAUSE = "pause"
    PROMOTE = "promote"
    FINISH = "finish"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Command:
    """One wish. Of a promotion: `moment` says whose gates are opened, `weight` at which weight of the new version."""

    verb: Verb
    moment: str = ""
    weight: int = 0
