"""The demo's story in virtual time: commits to a repository in memory, the examples' manifests, traffic and queries."""

from dataclasses import replace
from datetime import timedelta

import yaml

from rollouts.cli.demo.scenario import IMAGE, SOURCE, manifests, scenario_text
from rollouts.controller.ports import GitPorts
from rollouts.gitsync.memory import MemoryCheckout, MemoryRemote, PlainRender
from rollouts.simulator.scenario import load_scenario
from tests.simulation.play import Play

URL = "https://git.example/shop.git"
COMMITS = ("v1", "v2", "v3", "v2")
"""The first deploy, a good version, a bad one, and its revert."""

_NOTE = "{apiVersion: v1, kind: ConfigMap, metadata: {name: note}, data: {to: be pruned with the second commit}}"


def the_demo(seed: int = 0) -> Play:
    """Who commits waits until nothing moves any more."""
    remote = MemoryRemote()
    remote.commit(_files("v1"))
    scenario = replace(load_scenario(scenario_text()), requests_per_second=50.0, tick=timedelta(seconds=2), seed=seed)
    return Play(
        scenario,
        list(yaml.safe_load_all(SOURCE.format(url=URL))),
        tuple((0.0, tag) for tag in COMMITS[1:]),
        patient=True,
        git=lambda: GitPorts(MemoryCheckout({URL: remote}), PlainRender()),
        commit=lambda tag: _commit(remote, tag),
        measures_traffic=True,
    )


def _commit(remote: MemoryRemote, tag: str) -> None:
    remote.commit(_files(tag))


def _files(tag: str) -> dict[str, str]:
    first, wanted = f"{IMAGE}:v1", f"{IMAGE}:{tag}"
    files = {path: text.replace(first, wanted) for path, text in manifests().items()}
    return {**files, "deploy/note.yaml": _NOTE} if tag == "v1" else files
