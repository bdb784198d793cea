"""The commands as whole programs against the embedded cluster over HTTP, and through kubectl's plugin mechanism."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Patch, PatchType, Target
from rollouts.simulator.api import serve
from rollouts.simulator.store import Store
from tests.builders.kubectl import NOON, Clock, Kubectl, shop
from tests.builders.living import aborted
from tests.unit.dialects.argo.test_rollout import a_manifest

CANARY = {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}}
RUN = "import sys; from rollouts.cli.main import {entry}; sys.argv[0] = '{entry}'; {entry}()"
EXPLAINING = ("explain", "diff", "history", "events", "analysis")
SHOP = Target(kinds.ROLLOUTS, "shop", "default")


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Kubectl]:
    """A served store that holds one paused canary."""
    async with shop(tmp_path) as kubectl:
        await kubectl.store.create(Collection(kinds.ROLLOUTS, "default"), a_manifest(CANARY, replicas=1))
        paused = {"reason": "CanaryPauseStep", "startTime": "2026-01-01T12:00:00Z"}
        await put(
            kubectl,
            observedGeneration="1",
            phase="Paused",
            message="CanaryPauseStep",
            pauseConditions=[paused],
            controllerPause=True,
            currentStepIndex=1,
            currentPodHash="new",
            stableRS="old",
        )
        yield kubectl


async def put(cluster: Kubectl, **status: Any) -> None:
    """What the controller would write."""
    target = Target(kinds.ROLLOUTS, "shop", "default", "status")
    await cluster.store.patch(target, Patch(PatchType.MERGE, {"status": status}))


async def started(cluster: Kubectl, *words: str, entry: str = "kubectl_sluice") -> asyncio.subprocess.Process:
    """A command that runs."""
    environment = {**os.environ, "KUBECONFIG": str(cluster.home / "kubeconfig"), "NO_COLOR": "1"}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RUN.format(entry=entry),
        *words,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def sluice(cluster: Kubectl, *words: str, entry: str = "kubectl_sluice") -> tuple[int, str, str]:
    """Exit code and both outputs of a command."""
    process = await started(cluster, *words, entry=entry)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def status_of(cluster: Kubectl) -> dict[str, Any]:
    """The rollout's status as stored."""
    status: dict[str, Any] = (await cluster.store.get(SHOP))["status"]
    return status


async def test_get_and_list_show_the_rollout(cluster: Kubectl) -> None:
    """The tree's header and the list's row come from the API server."""
    _, tree, _ = await sluice(cluster, "get", "rollout", "shop")
    _, rows, _ = await sluice(cluster, "list", "rollouts", entry="kubectl_argo_rollouts")

    assert "Status:          ॥ Paused" in tree
    assert rows.splitlines()[1].split()[:5] == ["shop", "Canary", "Paused", "1/2", "20"]


async def test_promote_abort_and_retry_write_what_the_controller_reads(cluster: Kubectl) -> None:
    """Each is a patch of the status, as Argo's plugin sends it."""
    assert (await sluice(cluster, "promote", "shop"))[1] == "rollout 'shop' promoted\n"
    assert "pauseConditions" not in await status_of(cluster)

    assert (await sluice(cluster, "abort", "shop"))[1] == "rollout 'shop' aborted\n"
    assert (await status_of(cluster))["abort"] is True

    assert (await sluice(cluster, "retry", "rollout", "shop"))[1] == "rollout 'shop' retried\n"
    assert not (await status_of(cluster)).get("abort")

    assert (await sluice(cluster, "promote", "shop", "--full"))[1] == "rollout 'shop' fully promoted\n"
    assert (await status_of(cluster))["promoteFull"] is True


async def test_status_ends_with_the_rollouts_fate(cluster: Kubectl) -> None:
    """Healthy is 0, Degraded is 1; cobra's form of a boolean is taken."""
    await put(cluster, phase="Healthy", message=None, pauseConditions=None, controllerPause=None)
    assert (await sluice(cluster, "status", "shop", "--watch=false"))[:2] == (0, "Healthy\n")

    await put(cluster, phase="Degraded", message="RolloutAborted: bad")
    code, _, err = await sluice(cluster, "status", "shop")
    assert code == 1
    assert err.count("\n") == 1


async def test_status_waits_until_the_rollout_is_healthy(cluster: Kubectl) -> None:
    """It tells the phase of the moment, and each later one as it comes."""
    process = await started(cluster, "status", "shop", "--timeout", "60s")
    assert process.stdout is not None
    assert await process.stdout.readline() == b"Paused - CanaryPauseStep\n"
    await put(cluster, phase="Healthy", message=None, pauseConditions=None, controllerPause=None)

    rest, _ = await process.communicate()
    assert (process.returncode, rest.decode().splitlines()[-1]) == (0, "Healthy")


async def test_a_rollout_that_is_not_there_is_one_clear_line(cluster: Kubectl) -> None:
    """On stderr, with exit code 1."""
    code, out, err = await sluice(cluster, "get", "rollout", "nobody")

    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "nobody" in err


async def test_kubectl_finds_the_plugin(cluster: Kubectl) -> None:
    """`kubectl sluice` and `kubectl argo rollouts` are programs on PATH with these names."""
    folder = cluster.home / "bin"
    folder.mkdir()
    for name, entry in (("kubectl-sluice", "kubectl_sluice"), ("kubectl-argo-rollouts", "kubectl_argo_rollouts")):
        program = folder / name
        program.write_text(f"#!{sys.executable}\n{RUN.format(entry=entry)}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = f"{folder}:/usr/bin:/bin"
    python_path = os.environ.get("PYTHONPATH", "")

    said = await cluster("sluice", "list", "rollouts", PATH=path, PYTHONPATH=python_path)
    same = await cluster("argo", "rollouts", "list", "rollouts", PATH=path, PYTHONPATH=python_path)

    assert "shop" in said
    assert same == said


@pytest.fixture
def played() -> Store:
    """A store in which a release was aborted. It was played on a virtual loop, so not within a test's own."""
    return aborted().store


async def test_what_explains_works_over_http_too(tmp_path: Path, played: Store) -> None:
    """Whole programs against a server that holds a rollout of the embedded cluster; nothing is written there."""
    store, version = played, played.version
    async with serve(store) as front:
        front.kubeconfig(tmp_path / "kubeconfig")
        served = Kubectl(store, Clock(NOON), tmp_path)
        said = {word: await sluice(served, *word.split(), "shop") for word in EXPLAINING}
        phase = await sluice(served, "get", "rollout", "shop", "-o", "jsonpath={.status.phase}")

    assert {word: (code, err) for word, (code, _, err) in said.items()} == dict.fromkeys(EXPLAINING, (0, ""))
    assert "metric success-rate: 1 of 5 ✖1" in said["explain"][1]
    assert "+  - image: registry.example/shop:v2" in said["diff"][1]
    assert "2         aborted  11s" in said["history"][1]
    assert "RolloutAborted" in said["events"][1]
    assert phase[:2] == (0, "Degraded")
    assert store.version == version
