"""Which kinds this controller works on, and which objects it keeps for them. One row a kind; read by wiring.

The modules of a kind are imported only where it is wanted: a controller without the sync loop loads none of it.
"""

from collections.abc import Iterator

from rollouts.cluster import kinds
from rollouts.cluster.port import Resource
from rollouts.controller.kinds.protocol import Kind
from rollouts.controller.kinds.rollout import IsOurs, Rollouts
from rollouts.controller.kinds.service import Services
from rollouts.controller.ports import GitPorts, Shared
from rollouts.controller.resources import Resources
from rollouts.controller.settings import Settings
from rollouts.controller.sources import is_of_instance

ALWAYS = (
    kinds.ROLLOUTS,
    kinds.ANALYSIS_RUNS,
    kinds.EXPERIMENTS,
    kinds.REPLICA_SETS,
    kinds.SERVICES,
    kinds.ENDPOINT_SLICES,
    kinds.ANALYSIS_TEMPLATES,
)
SYNC = (kinds.GIT_REPOSITORIES, kinds.KUSTOMIZATIONS)
SYNC_WORKERS = 4


def resources_of(settings: Settings, *, has_git: bool) -> tuple[Resource, ...]:
    """What is kept in caches. A controller of one namespace reads nothing that is cluster-scoped."""
    wide = () if settings.namespace else (kinds.CLUSTER_ANALYSIS_TEMPLATES,)
    syncs = has_git and settings.syncs_git and not settings.is_analysis_only
    ticks = settings.ticking.is_wanted and not settings.is_analysis_only
    return (*ALWAYS, *wide, *(SYNC if syncs else ()), *((kinds.CANARIES,) if ticks else ()))


def kinds_of(shared: Shared) -> Iterator[tuple[Kind, int]]:
    """Every kind, with the number of its workers."""
    from rollouts.controller.kinds.analysisrun import AnalysisRuns
    from rollouts.controller.kinds.experiment import Experiments

    ports, settings, caches = shared.ports, shared.settings, shared.caches
    analysing = AnalysisRuns(ports.cluster, caches, ports.measuring, ports.clock, shared.emit, shared.wake)
    ports.metrics.describe(analysing.rows)
    yield analysing, settings.analysis_threads
    if not settings.is_analysis_only:
        yield _rollouts(shared), settings.rollout_threads
        yield Experiments(ports.cluster, caches, shared.emit), settings.experiment_threads
        yield Services(caches, Resources(ports.cluster)), settings.service_threads
        if caches.has(kinds.CANARIES):
            from rollouts.controller.ticking.wiring import ticking_kind

            yield ticking_kind(shared, kinds.CANARIES, _is_ours(settings)), settings.rollout_threads
        if caches.has(kinds.KUSTOMIZATIONS) and ports.git is not None:
            yield from ((kind, SYNC_WORKERS) for kind in _sync_loop(shared, ports.git))


def _rollouts(shared: Shared) -> Rollouts:
    return Rollouts(
        shared.caches,
        shared.reconciler,
        shared.emit,
        shared.leftovers,
        shared.observer,
        is_ours=_is_ours(shared.settings),
    )


def _is_ours(settings: Settings) -> IsOurs:
    return lambda obj: is_of_instance(obj, settings.instance_id)


def _sync_loop(shared: Shared, git: GitPorts) -> Iterator[Kind]:
    from rollouts.controller.kinds.gitrepository import GitRepositories
    from rollouts.controller.kinds.kustomization import Kustomizations, SyncCaches

    ports, caches = shared.ports, shared.caches
    repositories, followers = (caches.of(resource) for resource in SYNC)
    yield GitRepositories(
        ports.cluster,
        (repositories, followers),
        git.checkout,
        shared.wake,
        shared.emit,
        allows_clear_credentials=shared.settings.allows_clear_credentials,
    )
    routing = shared.observer.providers
    ticking = caches.of(kinds.CANARIES) if caches.has(kinds.CANARIES) else ()
    known = SyncCaches(followers, repositories, caches.of(kinds.ROLLOUTS), routing, ticking)
    yield Kustomizations(ports.cluster, known, git.checkout, git.render, ports.clock, shared.emit)
