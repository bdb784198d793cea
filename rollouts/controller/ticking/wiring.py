"""A kind of rollouts that tick, put together from the controller's parts. Called by roster."""

from analysis.asking import Asking
from rollouts.cluster.port import Resource
from rollouts.controller.kinds.ticking import IsOurs, TickingRollouts
from rollouts.controller.pods import Pods
from rollouts.controller.ports import Shared
from rollouts.controller.reconcile import Reconciler
from rollouts.controller.resources import Resources
from rollouts.controller.ticking.answers import Answers
from rollouts.controller.ticking.manner import Ticking
from rollouts.controller.ticking.observe import TickingObserver
from rollouts.controller.ticking.scenes import Counts, rows_of
from rollouts.controller.ticking.tidings import Tidings
from rollouts.controller.wakers import key_of
from rollouts.dialects.registry import TICKING

DEFAULT_METRICS_SERVER = "http://prometheus:9090"
LONGEST_CHAIN = 1000
"""Rounds in a row that may ask: a tick asks one webhook after the other, and users list many."""


def ticking_kind(shared: Shared, resource: Resource, is_ours: IsOurs) -> TickingRollouts:
    """The Kind of this resource's manifests."""
    ports, settings, caches = shared.ports, shared.settings.ticking, shared.caches
    dialect = TICKING[resource.api_version, resource.kind]
    observer = TickingObserver(dialect, resource, caches, Resources(ports.cluster), shared.routes, settings.wishes)
    observer.name = shared.wakers.name
    observer.claims.freed = lambda manifest: shared.wake(key_of(manifest, resource))
    caches.of(resource).listen(observer.claims.follow)
    counts = Counts(ports.metrics.ticking, caches.of(resource), dialect)
    ports.metrics.describe(lambda: rows_of(caches.of(resource), dialect, settings.provider, ports.metrics.version))
    address = settings.metrics_server or shared.settings.prometheus or DEFAULT_METRICS_SERVER
    answers = Answers(ports.measuring, Asking(ports.measuring), ports.clock, address, counts)
    tidings = Tidings(ports.measuring, answers, settings.listeners, ports.clock, shared.emit)
    manner = Ticking(observer, answers, tidings, counts)
    reconciler = Reconciler(ports.cluster, caches, shared.events, shared.wake, manner, Pods(ports.cluster))
    reconciler.decide = ports.decide
    reconciler.conversations.longest_chain = LONGEST_CHAIN
    return TickingRollouts(caches, reconciler, manner, shared.emit, is_ours)
