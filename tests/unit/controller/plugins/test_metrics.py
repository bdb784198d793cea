"""Metric plugins by name: programs and packages answer alike, and what is missing is told."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analysis.errors import ProviderError, SettingsError
from analysis.requests import Program
from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json
from rollouts.controller.plugins.finding import find_plugins
from rollouts.controller.plugins.metrics import MetricPlugins
from rollouts.controller.plugins.packages import in_process
from rollouts.controller.plugins.programs import program
from rollouts.controller.plugins.protocol import Plugin
from rollouts.simulator.store import Store

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SPEAKING = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "run":
        said = {"result": {"value": asked["params"]["config"]}}
    else:
        said = {"error": {"code": -32601, "message": "no method " + asked["method"]}}
    print(json.dumps({"id": asked["id"], **said}), flush=True)
"""


class Package:
    """Has what is needed, and no more."""

    def run(self, context: Json) -> Json:
        return {"value": context["config"]}


def called(plugin: Plugin, method: str, *, is_optional: bool = False, name: str = "shop/age") -> Any:
    """What this plugin's method says."""

    async def main() -> Any:
        plugins = MetricPlugins([plugin])
        try:
            return await plugins.call(Program(name, method, {"config": 7}, is_optional))
        finally:
            await plugins.close()

    return asyncio.run(main())


@pytest.fixture(params=["program", "package"])
def plugin(request: pytest.FixtureRequest, tmp_path: Path) -> Plugin:
    """The same plugin in both forms."""
    if request.param == "package":
        return in_process("shop/age", Package())
    (tmp_path / "plugin.py").write_text(SPEAKING)
    return program("shop/age", Path(sys.executable), (str(tmp_path / "plugin.py"),), timeout=30)


def test_a_plugin_answers_by_its_name(plugin: Plugin) -> None:
    """With what it was told."""
    assert called(plugin, "run") == {"value": 7}


def test_a_method_that_need_not_be_there_is_not_missed(plugin: Plugin) -> None:
    """One that must be is."""
    assert called(plugin, "collect", is_optional=True) is None
    with pytest.raises(ProviderError, match=r"^metric plugin shop/age: .*no method resume"):
        called(plugin, "resume")


def test_a_plugin_that_is_not_configured_is_told_with_those_that_are(plugin: Plugin) -> None:
    """Or that there is none."""
    with pytest.raises(SettingsError, match="metric plugin x is not configured; configured are shop/age"):
        called(plugin, "run", name="x")
    with pytest.raises(SettingsError, match="metric plugin x is not configured; none is configured"):
        asyncio.run(MetricPlugins().call(Program("x", "run", {})))


def test_each_key_of_the_config_map_has_its_sort(tmp_path: Path) -> None:
    """A disabled metric plugin is a mistake of whoever names it, and never a success."""
    (tmp_path / "age").write_text("#!/bin/sh\n")
    (tmp_path / "age").chmod(0o700)
    listed = f"[{{name: shop/age, location: 'file://{tmp_path}/age'}}, {{name: shop/off, disabled: true}}]"
    data = {"metricProviderPlugins": listed, "stepPlugins": "[{name: shop/step, disabled: true}]"}

    async def main() -> tuple[set[str], set[str]]:
        store = Store(lambda: NOW, seed=1)
        meta = {"name": "argo-rollouts-config", "namespace": "default"}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
        await store.create(Collection(kinds.CONFIG_MAPS, "default"), body)
        found = await find_plugins(store, "default", tmp_path)
        with pytest.raises(SettingsError, match="metric plugin shop/off is disabled by the operator"):
            await MetricPlugins(found.metrics).call(Program("shop/off", "run", {}))
        return {plugin.name for plugin in found.steps}, {plugin.name for plugin in found.metrics}

    assert asyncio.run(main()) == ({"shop/step"}, {"shop/age", "shop/off"})
