"""A target and its copy: bootstrap, and readiness in every tick. For the ticking course .

tick 1   the copy is created
tick n   the copy is ready: Service to the copy, target to zero, route written, Initialized
"""

from dataclasses import replace

from rollouts.decide.gates import attempt
from rollouts.decide.rollback import deadline_spent, fail_promotion, scale_target
from rollouts.decide.routing import shift
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.decide.tidings import (
    JUDGED,
    afresh,
    in_phase,
    is_beginning,
    named,
    phase_of,
    strategy_of,
    subject,
    told,
    warned,
)
from rollouts.model.alerts import Alert, Severity
from rollouts.model.effects import CreateCopy, Effect, ServeCopy
from rollouts.model.questions import AskMetric, MetricAnswer
from rollouts.model.snapshot import Readiness
from rollouts.model.status import Phase
from rollouts.model.weights import Unknown

_RETURNING = frozenset({Phase.PROMOTING, Phase.FINALISING})


def target_missing(here: Situation) -> Step | None:
    """Nothing can be copied, scaled or judged without the user's workload."""
    if here.snapshot.twins.target is not None:
        return None
    text = f"{subject(here)} does not exist"
    return Step(events=(warned(text),), reason=text, ends=Ends.ACTING)


def probe_metrics(here: Situation) -> Step | None:
    """Before the first run, tell whether metrics can be had; nothing depends on it."""
    strategy = strategy_of(here)
    if not is_beginning(here) or strategy.skip_analysis or not strategy.probe:
        return None
    question = AskMetric("", strategy.probe, attempt(here))
    answer = here.snapshot.answers.get(question)
    if not isinstance(answer, MetricAnswer):
        return Step(questions=(question,), reason="asks whether metrics can be had", ends=Ends.ROUND)
    if answer.error:
        return Step(events=(warned(f"Error checking metric providers: prometheus not avaiable: {answer.error}"),))
    return Step(events=(told("all the metrics providers are available!"),))


def copy_missing(here: Situation) -> Step | None:
    """Make the copy, as large as the target."""
    twins = here.snapshot.twins
    if twins.copy is not None or twins.target is None:
        return None
    create = CreateCopy(strategy_of(here).pair.copy, twins.target.replicas or 1)
    return Step((create,), reason=f"create {create.name}")


def copy_unready_at_start(here: Situation) -> Step | None:
    """Nobody is led to the copy before it can serve. Spent deadline: failed, but only where there is a way back."""
    readiness, strategy = here.snapshot.twins.copy_readiness, strategy_of(here)
    is_blind = strategy.skip_analysis and strategy.edges.serves_unready_copy
    if not is_beginning(here) or is_blind or not readiness.message:
        return None
    if not readiness.is_final or not strategy.edges.broken_copy_gets_all:
        return _wait(here, readiness)
    route = here.snapshot.route
    if strategy.moves_traffic and isinstance(route, Unknown):
        waiting = _wait(here, readiness)
        return replace(waiting, events=(*waiting.events, warned(route.reason)))
    return deadline_spent(here, readiness.message)


def copy_unserved(here: Situation) -> Step | None:
    """Users reach the copy through the Service that they always called."""
    if here.snapshot.twins.is_served:
        return None
    return Step((ServeCopy(strategy_of(here).pair.service),))


def begin(here: Situation) -> Step | None:
    """The copy serves: the target rests until it changes, and the route begins with everything on the copy."""
    if not is_beginning(here):
        return None
    effects: tuple[Effect, ...] = (*scale_target(here, 0), *shift(here, 0))
    text = f"Initialization done! {named(here)}"
    status = in_phase(here, Phase.INITIALIZED, afresh(here))
    pair, facts = strategy_of(here).pair, strategy_of(here).facts
    alert = Alert(f"New {pair.kind} detected, initialization completed.", Severity.INFO, facts)
    events = (told(text, Phase.INITIALIZED),)
    return Step(effects, events, (alert,), status=status, reason=text, ends=Ends.ACTING)


def copy_unready(here: Situation) -> Step | None:
    """A run never goes on while the version that serves is in trouble."""
    readiness = here.snapshot.twins.copy_readiness
    if strategy_of(here).skip_analysis or not readiness.message:
        return None
    if not readiness.is_final:
        return _wait(here, readiness)
    if phase_of(here) in _RETURNING:
        return fail_promotion(here, readiness.message)
    if phase_of(here) not in JUDGED and not strategy_of(here).edges.broken_copy_gets_all:
        return _wait(here, readiness)
    return deadline_spent(here, readiness.message)


def target_unready(here: Situation) -> Step | None:
    """The new version is judged only once it runs; if it never does, that is its verdict."""
    readiness = here.snapshot.twins.target_readiness
    waits = JUDGED | _RETURNING if strategy_of(here).edges.target_fails_promotion else JUDGED
    if phase_of(here) not in waits or not readiness.message:
        return None
    if readiness.is_final:
        return deadline_spent(here, readiness.message)
    return _wait(here, readiness)


def _wait(here: Situation, readiness: Readiness) -> Step:
    return Step(
        events=(warned(readiness.message),),
        wake_at=here.now + strategy_of(here).interval,
        reason=readiness.message,
        ends=Ends.ACTING,
    )
