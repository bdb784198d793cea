"""Do the routes carry what was written? Called by shares, and by what waits for a yes: steps, scaling, promotion.

Asked in the round after the write, and again until it holds. Where no router can tell, nobody asks and nobody waits.
"""

from rollouts.decide.situation import Situation, Step
from rollouts.model.plan import Event
from rollouts.model.questions import Verified, VerifyWeight
from rollouts.model.weights import Shares


def verify(here: Situation, shares: Shares) -> Step | None:
    """Ask whether the recorded shares hold, once they are recorded and until they do."""
    observed = here.observed.canary
    if not here.snapshot.asks_verification or observed.shares != shares or observed.verified:
        return None
    answer = answered(here, shares)
    if answer is None:
        return Step(questions=(VerifyWeight(shares),))
    if answer.verified is not False:
        return None
    again = here.now + here.snapshot.verify_every
    events = (Event("WeightVerifyError", f"Failed to verify weight: {answer.message}", is_warning=True),)
    is_told = observed.verified is False or not answer.message  # Argo: a mere "not yet" is no event
    return Step(events=() if is_told else events, wake_at=again, reason=f"weight not verified yet: {answer.message}")


def answered(here: Situation, shares: Shares) -> Verified | None:
    """What the routers said of these shares; None while nobody has answered."""
    answer = here.snapshot.answers.get(VerifyWeight(shares))
    return answer if isinstance(answer, Verified) else None


def verdict(here: Situation, shares: Shares) -> bool | None:
    """What the status says of these shares from now on: the answer, or what it said of the same shares before."""
    answer = answered(here, shares)
    if answer is not None:
        return answer.verified
    return here.observed.canary.verified if here.observed.canary.shares == shares else None


def is_open(here: Situation) -> bool:
    """The recorded shares are denied, or wait for the first answer of routers that can tell."""
    canary = here.status.canary
    if canary.verified is False:
        return True
    if canary.shares is None or not here.snapshot.asks_verification:
        return False
    return not canary.verified and answered(here, canary.shares) is None
