"""Where plugins come from, what they are told, and what is made of their replies."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import EntryPoint
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json
from rollouts.controller.observe import World
from rollouts.controller.plugins import packages
from rollouts.controller.plugins.config import STEP, configured_in
from rollouts.controller.plugins.finding import find_plugins
from rollouts.controller.plugins.packages import in_process
from rollouts.controller.plugins.protocol import Plugin, PluginError, reply_of
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.dialects.argo.rollout import parse
from rollouts.model.questions import AskStepPlugin, PluginAnswer
from rollouts.simulator.store import Store

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PROGRAM = b'#!/bin/sh\nread line\necho \'{"id": 1, "result": {"phase": "Successful"}}\'\n'


class Told:
    """A plugin that remembers what it was told, and gives it back."""

    def run(self, context: Json) -> Json:
        """In a thread."""
        return {"phase": "Running", "message": context["name"], "status": context, "requeueAfter": "45s"}

    async def terminate(self, context: Json) -> Json:
        """On the loop."""
        raise ValueError(f"cannot end {context['name']}")


class Hanging:
    """A plugin that holds every thread that it gets."""

    def __init__(self) -> None:
        self.go = Event()

    def run(self, _: Json) -> Json:
        """In a thread."""
        self.go.wait()
        return {}


def a_world() -> World:
    """A rollout with a plugin step that has run once."""
    entry = {"index": 0, "name": "told", "operation": "Run", "phase": "Running", "status": {"job": 7}}
    manifest: Json = {
        "kind": "Rollout",
        "metadata": {"name": "web"},
        "spec": {"strategy": {"canary": {"steps": [{"plugin": {"name": "told", "config": {"a": 1}}}]}}},
        "status": {"canary": {"stepPluginStatuses": [entry]}},
    }
    return World(manifest, parse(manifest))


def answered(operation: str, *plugins: Plugin, name: str = "told") -> PluginAnswer:
    """What a registry with these plugins answers."""
    registry = StepPlugins(plugins, lambda: NOW)
    return asyncio.run(registry.answer(AskStepPlugin(name, 0, operation, "v2/0"), a_world()))


async def found(written: str, folder: Path) -> dict[str, Plugin]:
    """The plugins of a controller whose ConfigMap says this."""
    store = Store(lambda: NOW, seed=1)
    meta = {"name": "argo-rollouts-config", "namespace": "default"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"stepPlugins": written}}
    await store.create(Collection(kinds.CONFIG_MAPS, "default"), body)
    return {plugin.name: plugin for plugin in (await find_plugins(store, "default", folder)).steps}


@contextmanager
def a_server() -> Iterator[str]:
    """Somewhere to download the program from."""

    class Serving(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PROGRAM)

        def log_message(self, *_args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/plugin"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_plugin_is_told_its_settings_and_what_it_remembers() -> None:
    """And sees the Rollout as it is."""
    answer = answered("Run", in_process("told", Told()))

    assert (answer.phase, answer.message, answer.again_after) == ("Running", "told", timedelta(seconds=45))
    assert answer.started == NOW
    assert {name: answer.state[name] for name in ("operation", "step", "config", "status")} == {
        "operation": "Run",
        "step": 0,
        "config": {"a": 1},
        "status": {"job": 7},
    }
    assert answer.state["rollout"]["metadata"]["name"] == "web"


@pytest.mark.parametrize(
    ("operation", "name", "error"),
    [
        ("Terminate", "told", "ValueError: cannot end told"),
        ("Abort", "told", "the plugin has no method abort"),
        ("Run", "gone", "plugin gone is not configured"),
    ],
)
def test_what_goes_wrong_is_an_answer(operation: str, name: str, error: str) -> None:
    """The status shows it, and the plugin is tried again."""
    assert answered(operation, in_process("told", Told()), name=name).error == error


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("Successful", "must be an object"),
        ({"phase": 1}, "must be strings"),
        ({"requeueAfter": "soon"}, "not 'soon'"),
    ],
)
def test_a_reply_of_another_form_is_an_error(reply: Any, why: str) -> None:
    """The text says what is expected."""
    with pytest.raises(PluginError, match=why):
        reply_of(reply)


def test_an_empty_reply_leaves_everything_as_it_is() -> None:
    """A plugin need not say a word."""
    assert reply_of(None) == PluginAnswer()
    assert reply_of({"requeueAfter": 12}).again_after == timedelta(seconds=12)


def test_programs_are_found_in_the_config_map(tmp_path: Path) -> None:
    """Those that are not there are no plugins; a disabled one is, and is not run."""
    (tmp_path / "smoke").write_bytes(PROGRAM)
    (tmp_path / "smoke").chmod(0o700)
    written = f"""
- name: shop/smoke
  location: file://{tmp_path}/smoke
- name: shop/off
  location: file:///nowhere
  disabled: true
- name: shop/missing
  location: file:///nowhere
- name: shop/odd
  location: ftp://example/plugin
- location: file:///nameless
"""

    async def story() -> tuple[set[str], PluginAnswer, PluginAnswer]:
        plugins = await found(written, tmp_path)
        registry = StepPlugins(plugins.values(), lambda: NOW)
        try:
            said = await registry.answer(AskStepPlugin("shop/smoke", 0, "Run", ""), a_world())
            off = await registry.answer(AskStepPlugin("shop/off", 0, "Run", ""), a_world())
        finally:
            await registry.close()
        return set(registry.names), said, off

    names, said, off = asyncio.run(story())

    assert names == {"shop/smoke", "shop/off"}
    assert (said.phase, said.error) == ("Successful", "")
    assert off == PluginAnswer(is_disabled=True)


@pytest.mark.parametrize(
    ("sha256", "names"),
    [(hashlib.sha256(PROGRAM).hexdigest(), {"shop/smoke"}), ("0" * 64, set()), ("", {"shop/smoke"})],
)
def test_a_download_is_held_to_its_checksum(tmp_path: Path, sha256: str, names: set[str]) -> None:
    """What is not what it should be is never run."""
    with a_server() as url:
        plugins = asyncio.run(found(f'[{{name: shop/smoke, location: "{url}", sha256: "{sha256}"}}]', tmp_path))

    assert set(plugins) == names


@pytest.mark.parametrize(
    "config_map", [None, {}, {"data": {}}, {"data": {"stepPlugins": "{"}}, {"data": {"stepPlugins": "7"}}]
)
def test_a_config_map_that_says_nothing_gives_no_plugin(config_map: Json | None) -> None:
    """Nor does one that cannot be read; it stops nothing."""
    assert configured_in(config_map, STEP) == ()


def test_a_timeout_and_arguments_can_be_set() -> None:
    """Numbers among the arguments are words for a program."""
    [entry] = configured_in({"data": {"stepPlugins": "[{name: a, args: [-v, 7], timeoutSeconds: 5}]"}}, STEP)

    assert (entry.args, entry.timeout) == (("-v", "7"), 5.0)


def test_installed_packages_are_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be loaded is told of and left out."""
    here = __name__
    entries = [
        EntryPoint("told", f"{here}:Told", STEP.group),
        EntryPoint("broken", f"{here}:Missing", STEP.group),
    ]
    monkeypatch.setattr(packages, "entry_points", lambda group: entries if group == STEP.group else [])

    assert [plugin.name for plugin in packages.installed(STEP)] == ["told"]


def test_a_slow_package_is_given_up() -> None:
    """Its rollout is told, and nothing else waited for it."""

    class Slow:
        async def run(self, _context: Json) -> None:
            await asyncio.Event().wait()

    plugin = in_process("slow", Slow(), timeout=0.01)

    with pytest.raises(PluginError, match=r"no answer within 0\.01 s"):
        asyncio.run(plugin.call("run", {}))  # type: ignore[arg-type]  # a call is a coroutine


async def test_a_package_that_hangs_takes_no_thread_of_others() -> None:
    """The controller needs some itself: to read files, to log in."""
    hanging = Hanging()
    plugin = in_process("hanging", hanging)
    calls = [asyncio.ensure_future(plugin.call("run", {})) for _ in range(3 * packages.THREADS)]
    await asyncio.sleep(0)

    assert await asyncio.to_thread(lambda: 7) == 7
    hanging.go.set()
    assert await asyncio.gather(*calls) == [{}] * len(calls)
    await plugin.close()
