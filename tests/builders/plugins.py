"""Plugins as examples declare them. Called by the tests of examples/*-plugin-package."""

import importlib.util
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

from rollouts.controller.plugins.config import Sort
from rollouts.controller.plugins.packages import in_process
from rollouts.controller.plugins.protocol import Plugin


def packaged(folder: Path, sort: Sort) -> Plugin:
    """The plugin of a package, by the entry point that its pyproject.toml declares."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    [(name, value)] = project["entry-points"][sort.group].items()
    entry = EntryPoint(name, value, sort.group)
    spec = importlib.util.spec_from_file_location(entry.module, folder / f"{entry.module}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return in_process(name, getattr(module, entry.attr)())
