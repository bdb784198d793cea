"""What the controller needs from outside, and what its kinds share. Filled by the CLI and by simulations."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from analysis.ports import Ports as Measuring
from rollouts.cluster.events import Events
from rollouts.cluster.port import Cluster, Json
from rollouts.controller.caches import Caches
from rollouts.controller.clock import Clock
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.leftovers import Leftovers
from rollouts.controller.observe import Observer, World
from rollouts.controller.plugins.config import ROUTER
from rollouts.controller.plugins.metrics import MetricPlugins
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.controller.reconcile import Decide, Reconciler
from rollouts.controller.routes import Routes
from rollouts.controller.settings import Settings
from rollouts.controller.sources import SourceFactory
from rollouts.controller.wakers import Wakers
from rollouts.decide.ahead import decide_ahead
from rollouts.gitsync.ports import Checkout, Render
from rollouts.model.plan import Event
from rollouts.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class GitPorts:
    """How the sync loop gets commits and turns them into objects."""

    checkout: Checkout
    render: Render


@dataclass(frozen=True, slots=True)
class Ports:
    """The world. `git` None: no sync loop. `on_ready` is called once the caches are filled.

    `decide` is what the rounds of rollouts obey; simulations put wrong ones here and see that they are found out.
    """

    cluster: Cluster
    clock: Clock
    source: SourceFactory
    measuring: Measuring
    git: GitPorts | None = None
    identity: str = "sluice"
    dice: random.Random = field(default_factory=random.Random)
    metrics: Metrics = field(default_factory=Metrics)
    on_ready: Callable[[], None] = lambda: None
    plugins: StepPlugins = field(default_factory=StepPlugins)
    routers: MetricPlugins = field(default_factory=lambda: MetricPlugins((), ROUTER.word))
    decide: Decide = decide_ahead


@dataclass(frozen=True, slots=True)
class Shared:
    """What the kinds of one controller work with."""

    ports: Ports
    settings: Settings
    caches: Caches
    reconciler: Reconciler[World]
    observer: Observer
    wake: Callable[[Key], None]
    emit: Callable[[Json, Event], Awaitable[None]]
    leftovers: Leftovers
    events: Events
    routes: Routes
    wakers: Wakers
