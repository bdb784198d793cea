"""From proven to promoted where the stable version is a copy: overwrite it, wait, lead users back, let the target rest.

Called by the ticking course. One idle tick lies between the last users' return and the target's end, so that requests
can drain.
"""

from dataclasses import replace

from rollouts.decide.commands import asks
from rollouts.decide.rollback import hold_scaler, scale_target
from rollouts.decide.routing import TOTAL, shift, weight_now, with_cookies
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import JUDGED, in_phase, is_changed, named, phase_of, strategy_of, subject, told
from rollouts.model.alerts import Alert, Severity
from rollouts.model.command import Verb
from rollouts.model.effects import Effect, MatchScaler, OverwriteCopy
from rollouts.model.status import Phase


def promote(here: Situation) -> Step:
    """The copy takes over the target's template; traffic stays where it is until the copy is ready again."""
    return replace(_copying(here), status=in_phase(here, Phase.PROMOTING), ends=Ends.ACTING)


def promote_now(here: Situation) -> Step | None:
    """A user who has seen enough: no check is asked any more, but everybody stays on a version that is ready."""
    if phase_of(here) not in JUDGED or not asks(here, Verb.FINISH):
        return None
    step = promote(here)
    return replace(
        step, events=(told(f"Promoting {named(here)} without further analysis, asked by user"), *step.events)
    )


def copy_at_once(here: Situation) -> Step | None:
    """A user who asks for no judgement gets the new version on the copy, and nothing else is waited for."""
    if not strategy_of(here).skip_analysis:
        return None
    copying = _copying(here)
    effects = (*shift(here, 0), *copying.effects, *_match_scaler(here))
    return replace(copying, effects=effects, status=with_cookies(here, here.status, 0))


def return_traffic(here: Situation) -> Step | None:
    """Lead users back to the copy, at once or step by step; then one tick of rest."""
    if phase_of(here) is not Phase.PROMOTING:
        return None
    step = _one_back(here)
    return replace(step, effects=(*_match_scaler(here), *step.effects))


def _one_back(here: Situation) -> Step:
    strategy, was = strategy_of(here), weight_now(here)
    stable = strategy.words.stable
    if not strategy.moves_traffic:
        return _returned(here, Step(reason="nothing to lead back"))
    if strategy.promotion_step is None or (is_changed(here) and not strategy.edges.promotes_moving_target):
        return _returned(here, Step(shift(here, 0), (told(f"Routing all traffic to {stable}"),)))
    weight = max(was - strategy.promotion_step, 0)
    text = f"Advance {named(here)} {stable} weight {TOTAL - weight}"
    step = Step(shift(here, weight), (told(text),), reason=text, ends=Ends.ACTING)
    if weight == 0:
        return _returned(here, step)
    return replace(step, status=replace(here.status, ticks=replace(here.status.ticks, weight=weight)))


def finish(here: Situation) -> Step | None:
    """The target rests; what was tried is what is promoted."""
    is_skipped = strategy_of(here).skip_analysis
    if phase_of(here) is not Phase.FINALISING and not is_skipped:
        return None
    what = f"{strategy_of(here).words.new.capitalize()} analysis was skipped for" if is_skipped else "Scaling down"
    text = f"Promotion completed! {what} {subject(here)}"
    status = in_phase(here, Phase.SUCCEEDED)
    effects: tuple[Effect, ...] = (*hold_scaler(here, is_held=True), *scale_target(here, 0))
    how = "was skipped" if is_skipped else "completed successfully"
    message = f"{strategy_of(here).words.new.capitalize()} analysis {how}, promotion finished."
    events, alerts = (told(text, Phase.SUCCEEDED),), (Alert(message, Severity.INFO),)
    return Step(effects, events, alerts, status=status, reason=text, ends=Ends.ACTING)


def _copying(here: Situation) -> Step:
    pair = strategy_of(here).pair
    text = f"Copying {subject(here)} template spec to {pair.copy}.{here.rollout.namespace}"
    return Step((OverwriteCopy(pair.copy, here.rollout.target),), (told(text),), reason=text)


def _returned(here: Situation, step: Step) -> Step:
    return replace(step, status=with_cookies(here, in_phase(here, Phase.FINALISING), 0), ends=Ends.ACTING)


def _match_scaler(here: Situation) -> tuple[MatchScaler, ...]:
    name = strategy_of(here).pair.scaler
    return (MatchScaler(name),) if name else ()
