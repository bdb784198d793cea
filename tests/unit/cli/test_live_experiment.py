"""The plugin before an experiment that a controller has really run: the tree as it stands, terminate, retry, list."""

import asyncio
import re
from collections.abc import Sequence

from rollouts.cluster import kinds
from rollouts.cluster.port import Patch, PatchType, Target
from rollouts.simulator.clock import virtual_now
from tests.builders.cli import Outcome, command
from tests.builders.manifests import a_version, analysed
from tests.scenarios.embedded import StoreApi
from tests.unit.controller.stories import Shop, a_template, an_object, tell


def typed(shop: Shop, *words: str) -> Outcome:
    """A line of the plugin, typed now."""
    api = StoreApi(shop.store, "shop")
    return command(words, api, virtual_now)  # type: ignore[arg-type]  # FakeApi's elder sister


async def life(shop: Shop) -> Sequence[Outcome]:
    """Run, looked at, ended, looked at, run again, looked at."""
    await shop.start()
    spec = {"templates": [a_version("one", "web:v1", replicas=2)], "analyses": [analysed()], "duration": "10m"}
    trial = an_object(kinds.EXPERIMENTS, "trial", spec={**spec, "scaleDownDelaySeconds": 0})
    await shop.world.apply([a_template("check", interval="1s"), trial])
    await asyncio.sleep(20)
    shown = [typed(shop, "get", "experiment", "trial"), typed(shop, "list", "experiments")]
    shown.append(typed(shop, "terminate", "experiment", "trial"))
    await asyncio.sleep(20)
    shown.append(typed(shop, "get", "experiment", "trial"))
    lifted = Patch(PatchType.MERGE, {"spec": {"terminate": None}})
    await shop.store.patch(Target(kinds.EXPERIMENTS, "trial", "shop"), lifted)
    shown.append(typed(shop, "retry", "experiment", "trial"))
    await asyncio.sleep(20)
    shown.append(typed(shop, "get", "experiment", "trial"))
    return shown


def test_an_experiment_is_shown_and_steered() -> None:
    """Phases, images, ReplicaSets with their pods and runs, through all of its life."""
    running, listed, ended, over, again, anew = tell(life)

    assert tree(running) == [
        "Σ trial Experiment ◌ Running",
        "├──⧉ trial-one ReplicaSet ✔ Healthy",
        "│ ├──□ trial-one Pod ✔ Running",
        "│ └──□ trial-one Pod ✔ Running",
        "└──α trial-check AnalysisRun ◌ Running",
    ]
    assert "Images:          web:v1 (Σ:one)" in running.stdout
    assert listed.stdout.splitlines()[1].split() == ["trial", "Running", "10m", "9m41s", "20s"]
    assert (ended.stdout, again.stdout) == ("experiment 'trial' terminated\n", "experiment 'trial' retried\n")
    assert tree(over) == [
        "Σ trial Experiment ✔ Successful",
        "├──⧉ trial-one ReplicaSet • ScaledDown",
        "└──α trial-check AnalysisRun ✔ Successful",
    ]
    assert tree(anew)[-2:] == ["├──α trial-check AnalysisRun ✔ Successful", "└──α trial-check.1 AnalysisRun ◌ Running"]


def tree(shown: Outcome) -> list[str]:
    """The lines of the tree up to the age, without the chance part of pods' names."""
    lines = shown.stdout.partition("INFO")[2].splitlines()[1:]
    words = [line.split() for line in lines if line.strip()]
    return [re.sub(r"(□ trial-one)-\w+", r"\1", " ".join(word[: word_end(word)])) for word in words]


def word_end(words: list[str]) -> int:
    """The place of the age: the first word that is one."""
    return next(place for place, word in enumerate(words) if re.fullmatch(r"\d+s", word))
