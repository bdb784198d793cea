"""The step plugins of a controller, called by name. Reconcile asks here, observe asks for names."""

from collections.abc import Iterable

from rollouts.cluster.port import Json
from rollouts.controller.clock import Clock, wall_clock
from rollouts.controller.observe import World
from rollouts.controller.plugins.protocol import OPERATIONS, Plugin, PluginError, reply_of
from rollouts.model.questions import AskStepPlugin, PluginAnswer
from rollouts.model.strategy import Canary, RunPlugin


class StepPlugins:
    """Plugins by name. With none, every rollout that wants one is told so."""

    def __init__(self, plugins: Iterable[Plugin] = (), clock: Clock = wall_clock) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._clock = clock

    @property
    def names(self) -> frozenset[str]:
        """What can be named in a step."""
        return frozenset(self._plugins)

    async def answer(self, question: AskStepPlugin, world: World) -> PluginAnswer:
        """Call the plugin, and take what it says; what goes wrong is an answer too."""
        plugin = self._plugins.get(question.name)
        if plugin is None:
            return PluginAnswer(error=f"plugin {question.name} is not configured")
        if plugin.is_disabled:
            return PluginAnswer(is_disabled=True)
        started = self._clock()
        try:
            answer = reply_of(await plugin.call(OPERATIONS[question.operation], _context(question, world)))
        except PluginError as error:
            return PluginAnswer(error=str(error), started=started)
        return PluginAnswer(answer.phase, answer.message, answer.state, answer.again_after, started)

    async def close(self) -> None:
        """End them."""
        for plugin in self._plugins.values():
            await plugin.close()


def _context(question: AskStepPlugin, world: World) -> Json:
    """What a plugin is told: its settings, what it remembers, and the Rollout as it is."""
    strategy, status = world.rollout.strategy, world.rollout.status
    steps = strategy.steps if isinstance(strategy, Canary) else ()
    step = steps[question.index] if question.index < len(steps) else None
    known = {(entry.index, entry.operation): entry for entry in status.canary.plugins}
    memory = known.get((question.index, "Run"))
    return {
        "name": question.name,
        "operation": question.operation,
        "step": question.index,
        "config": step.config if isinstance(step, RunPlugin) else None,
        "status": memory.state if memory else None,
        "rollout": world.manifest,
    }
