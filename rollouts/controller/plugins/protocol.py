"""What plugins are asked, and what a step plugin answers. Spoken by programs as JSON, by Python plugins as dicts.

Both get the same context and give the same reply (docs/plugins.md); `reply_of` turns a step plugin's into the answer
that a decision sees. Whatever is wrong with it is an error that says so: a plugin is tried again, never trusted.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rollouts.cluster.port import Json
from rollouts.dialects.argo.reading import go_duration
from rollouts.model.questions import PluginAnswer

OPERATIONS = {"Run": "run", "Terminate": "terminate", "Abort": "abort"}
"""The method that a plugin has for each operation."""


class PluginError(Exception):
    """A plugin gave no answer: it broke, is no plugin, or took too long. The text is for the user."""


class MissingMethodError(PluginError):
    """A plugin does not have the method."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that is ready to be called. `call` gets the method's name and the context; it raises PluginError."""

    name: str
    call: Callable[[str, Json], Awaitable[Any]]
    close: Callable[[], Awaitable[None]]
    is_disabled: bool = False


def reply_of(value: Any) -> PluginAnswer:
    """The reply as an answer."""
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise PluginError("the reply must be an object with phase, message, status and requeueAfter")
    phase, message, wait = value.get("phase") or "", value.get("message") or "", value.get("requeueAfter")
    if not isinstance(phase, str) or not isinstance(message, str):
        raise PluginError("phase and message of the reply must be strings")
    return PluginAnswer(phase, message, value.get("status"), _wait(wait))


def _wait(value: Any) -> timedelta | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    wait = go_duration(value) if isinstance(value, str) else None
    if wait is None:
        raise PluginError(f"requeueAfter of the reply must be seconds or a duration like 45s, not {value!r:.40}")
    return wait
