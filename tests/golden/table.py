"""The categories that we run, by name. A new one is a row here and a module beside it."""

from tests.golden import (
    analysis,
    analysis_args,
    flagger,
    flagger_primary,
    flagger_routes,
    hashing,
    phases,
    plugin,
    queries,
    replicas,
    talk,
    traffic,
    transitions,
    validation,
)
from tests.golden.category import Category

CATEGORIES: dict[str, Category] = {
    category.name: category
    for category in (
        hashing.POD_TEMPLATE_HASH,
        hashing.STEP_HASH,
        replicas.APPROXIMATION,
        replicas.BASIC_CANARY,
        replicas.TRAFFIC_CANARY,
        transitions.TRANSITIONS,
        phases.PHASE,
        plugin.OUTPUT,
        plugin.PATCHES,
        analysis.EXPR,
        analysis.EXPR_TIME,
        analysis.SEQUENCE,
        analysis_args.ARGS,
        analysis_args.EXPERIMENT,
        analysis.VERDICT_METRIC,
        analysis.VERDICT_RUN,
        analysis.SCHEDULE,
        analysis.VALIDATION,
        validation.VALIDATION,
        *flagger.TICKS,
        flagger_primary.PRIMARY,
        *flagger_routes.ROUTES,
        queries.QUERIES,
        *talk.TALK,
        *traffic.TRAFFIC,
    )
}
