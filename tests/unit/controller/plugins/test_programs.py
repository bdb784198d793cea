"""Plugins that are programs: spoken to by lines, started anew when they end, killed when they hang."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from rollouts.controller.plugins.programs import program
from rollouts.controller.plugins.protocol import Plugin, PluginError

SPEAKING = """
import json, os, sys, time
told = 0
for line in sys.stdin:
    asked = json.loads(line)
    told += 1
    config = asked["params"].get("config") or {}
    if config.get("hang"):
        time.sleep(600)
    if config.get("exit"):
        sys.exit(3)
    if config.get("babble"):
        print("This binary is a plugin. These are not meant to be executed directly.", flush=True)
        continue
    if config.get("garble"):
        print(json.dumps({"id": {"is": "none"}, "result": {}}), flush=True)
        continue
    if config.get("break"):
        print(json.dumps({"id": asked["id"], "error": {"code": 1, "message": "exploded"}}), flush=True)
        continue
    said = {"phase": "Successful", "message": asked["method"], "status": {"told": told, "pid": os.getpid()}}
    print(json.dumps({"id": asked["id"], "result": said}), flush=True)
"""


def played(folder: Path, story: Callable[[Plugin], Awaitable[Any]], *, timeout: float = 30.0) -> Any:
    """Tell a story with a program of its own; it is closed at the end."""

    async def main() -> Any:
        (folder / "plugin.py").write_text(SPEAKING)
        plugin = program("test", Path(sys.executable), (str(folder / "plugin.py"),), timeout=timeout)
        try:
            return await story(plugin)
        finally:
            await plugin.close()

    return asyncio.run(main())


def test_one_program_answers_many_calls(tmp_path: Path) -> None:
    """It is started once, and each answer finds its question."""

    async def story(plugin: Plugin) -> list[Any]:
        return await asyncio.gather(*(plugin.call("run", {}) for _ in range(5)), plugin.call("abort", {}))

    replies = played(tmp_path, story)

    assert [reply["message"] for reply in replies] == ["run"] * 5 + ["abort"]
    assert [reply["status"]["told"] for reply in replies] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("break", "exploded"),
        ("exit", "the program ended with code 3"),
        ("garble", "does not speak JSON-RPC by lines"),
        ("babble", "does not speak JSON-RPC by lines .a hashicorp go-plugin is not run.: This binary is a plugin"),
    ],
)
def test_what_goes_wrong_is_said_and_the_next_call_goes_well(tmp_path: Path, config: str, why: str) -> None:
    """A program that has ended is started anew."""

    async def story(plugin: Plugin) -> Any:
        with pytest.raises(PluginError, match=why):
            await plugin.call("run", {"config": {config: True}})
        return await plugin.call("run", {})

    assert played(tmp_path, story)["phase"] == "Successful"


def test_a_program_that_hangs_is_killed(tmp_path: Path) -> None:
    """So that nothing of it stays behind; the next call has another one."""

    async def story(plugin: Plugin) -> tuple[int, int]:
        first = (await plugin.call("run", {}))["status"]["pid"]
        with pytest.raises(PluginError, match="no answer within 1 s: the program was killed"):
            await plugin.call("run", {"config": {"hang": True}})
        return first, (await plugin.call("run", {}))["status"]["pid"]

    first, second = played(tmp_path, story, timeout=1.0)

    assert first != second
    for pid in (first, second):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_program_that_cannot_be_started_is_named() -> None:
    """The path is in the text, and the reason."""
    plugin = program("test", Path("/does/not/exist"), (), timeout=5.0)

    async def story() -> None:
        await plugin.call("run", {})

    with pytest.raises(PluginError, match="/does/not/exist cannot be started: No such file or directory"):
        asyncio.run(story())
