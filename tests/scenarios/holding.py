"""Runs of Canaries that wait before their promotion until a story lets them go: a state that stays, to be looked at."""

from rollouts.cluster.port import Json
from tests.scenarios.stage import Stage


def held(stage: Stage) -> list[Json]:
    """The webhooks of such a Canary."""
    return [{"name": "hold", "type": "confirm-promotion", "url": stage.hook("hold", 403)}]


def let_go(stage: Stage) -> None:
    """From now on nothing of this stage is held."""
    stage.hook("hold")
