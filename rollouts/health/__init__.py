"""Is this object healthy? One pure function a kind, over the object as the API server shows it."""

from rollouts.health.judge import health_of
from rollouts.health.verdict import Health, State

__all__ = ["Health", "State", "health_of"]
