"""Plugins that are Python packages, installed beside the controller: entry points of a group for each sort.

The entry point's name is the plugin's; it leads to an object (or to something that makes one when called) with the
methods of its sort (docs/plugins.md). They may be coroutines; those that are not run in threads of the plugin's own, so
that a slow one holds nothing else: not the loop, and no thread that the controller needs.
"""

import asyncio
import inspect
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from typing import Any

from rollouts.cluster.port import Json
from rollouts.controller.plugins.config import USUAL_TIMEOUT, Sort
from rollouts.controller.plugins.protocol import MissingMethodError, Plugin, PluginError
from rollouts.telemetry.logs import log

THREADS = 16
"""Calls of a plugin without coroutines that run at once."""


def installed(sort: Sort) -> Iterator[Plugin]:
    """Every installed plugin of a sort that can be loaded; the others are told of."""
    for entry in entry_points(group=sort.group):
        try:
            found = entry.load()
            yield in_process(entry.name, found() if callable(found) else found)
        except Exception as error:
            log().error(f"a {sort.word} cannot be loaded", plugin=entry.name, package=entry.value, error=str(error))


def in_process(name: str, plugin: Any, *, timeout: float = USUAL_TIMEOUT) -> Plugin:
    """An object with the methods of a plugin as one."""
    threads = ThreadPoolExecutor(THREADS, f"plugin {name}")

    async def call(method: str, context: Json) -> Any:
        act = getattr(plugin, method, None)
        if act is None:
            raise MissingMethodError(f"the plugin has no method {method}")
        try:
            async with asyncio.timeout(timeout):
                if inspect.iscoroutinefunction(act):
                    return await act(context)
                return await asyncio.get_running_loop().run_in_executor(threads, act, context)
        except TimeoutError:
            raise PluginError(f"no answer within {timeout:g} s") from None
        except Exception as error:
            raise PluginError(f"{type(error).__name__}: {error}") from error

    async def close() -> None:
        """It lives with the controller: only what has not begun is not begun any more."""
        threads.shutdown(wait=False, cancel_futures=True)

    return Plugin(name, call, close)
