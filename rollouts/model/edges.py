"""Sharp edges of an ancestor that a ticking rollout keeps only when it is asked to follow it to the letter.

Set by a dialect, asked by the ticking stages. All of them are off unless a user wants them: each costs somebody
something.
"""

from dataclasses import dataclass
from enum import Enum


class Silence(Enum):
    """What a check without values does to its tick: it fails it, holds it back at no cost, or lets it pass."""

    FAILS = "fail"
    HOLDS = "hold"
    PASSES = "pass"


@dataclass(frozen=True, slots=True)
class Edges:
    """One field an edge; True keeps it. `silence` is no edge but a wish of the user's own.

    forgets_after_failure      after a failure a new version counts as seen before it is known whether it can be run
    broken_copy_gets_all       a copy that breaks at rest, or at the start, is answered by a rollback, onto that copy
    judges_reverted            a target that went back to the promoted version is judged, and promoted, all the same
    target_fails_promotion     a target that breaks once the copy has its template fails the promotion
    silent_deadlines           a version that never gets ready is rolled back without an alert
    names_no_cookie            a cookie for users of the copy is made even where it has no name
    infinity_is_nothing        an endless duration counts as none
    rounds_bounds              bounds of durations count in whole milliseconds, as durations do
    starts_where_it_stood      a run after a failed promotion begins with everybody on the target that is replaced
    promotes_moving_target     a target that changes while users are led back from it keeps them as long as ever
    promotes_unmeasured        the last weight is promoted before the checks have seen nothing but it
    repeats_lost_ticks         a tick whose status was not written gives one more weight, at once
    waits_deaf                 nobody is asked for a rollback while a version waits for approval
    serves_unready_copy        who asks for no judgement has users led to the first copy before it can serve
    """

    forgets_after_failure: bool = False
    broken_copy_gets_all: bool = False
    judges_reverted: bool = False
    target_fails_promotion: bool = False
    silent_deadlines: bool = False
    names_no_cookie: bool = False
    infinity_is_nothing: bool = False
    rounds_bounds: bool = False
    starts_where_it_stood: bool = False
    promotes_moving_target: bool = False
    promotes_unmeasured: bool = False
    repeats_lost_ticks: bool = False
    waits_deaf: bool = False
    serves_unready_copy: bool = False
    silence: Silence = Silence.FAILS


NO_EDGES = Edges()
