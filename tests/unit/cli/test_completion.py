"""Completion: the protocol over a small world, and the scripts in the shells that are installed here."""

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from rollouts.cluster import kinds
from rollouts.cluster.errors import ServerError
from rollouts.cluster.port import Collection, Page, Query
from tests.builders.cli import FakeApi, command
from tests.builders.kubectl import Kubectl, shop
from tests.unit.cli.test_over_http import CANARY, RUN
from tests.unit.cli.worlds import a_replica_set, a_rollout, an_experiment
from tests.unit.dialects.argo.test_rollout import a_manifest

WORLD = FakeApi(
    [
        a_rollout("web", phase="Paused"),
        a_rollout("worker", phase="Healthy"),
        an_experiment("try"),
        a_replica_set("old", 1, "v1"),
        a_replica_set("new", 2, "v2"),
        {"kind": "Namespace", "metadata": {"name": "prod"}},
    ]
)


def choices(*words: str, api: FakeApi = WORLD, verb: str = "__complete") -> tuple[list[str], str]:
    """The words that are offered, and the directive."""
    *found, directive = command([verb, *words], api).stdout.splitlines()
    return found, directive


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["prom"], ["promote\tGo on from a pause, or to the end with --full"]),
        (["get", "ro"], ["rollout\tShow a rollout: steps, weights, images, replicas, and the tree of what it owns."]),
        (["promote", "w"], ["web\tPaused", "worker\tHealthy"]),
        (["get", "ro", "web"], ["web\tPaused"]),
        (["get", "experiment", ""], ["try"]),
        (["abort", "web", ""], ["worker\tHealthy"]),
        (["promote", "web", ""], []),
        (["-n", "prod", "status", "wo"], []),
        (["status", "-n", ""], ["prod"]),
        (["status", "--namespace=p"], ["prod"]),
        (["status", "--wa"], ["--watch\tWait until it is healthy or degraded."]),
        (["undo", "web", "--to-revision", ""], ["2\tweb:v2", "1\tweb:v1"]),
        (["list", "rollouts", "--name", "we"], ["web\tPaused"]),
        (["bogus", ""], []),
    ],
)
def test_what_could_stand_here(words: list[str], expected: list[str]) -> None:
    """Commands, flags, and names from the cluster with what they are; no files."""
    assert choices(*words) == (expected, ":4")


def test_a_container_is_followed_by_its_image() -> None:
    """So the shell puts no space behind it."""
    assert choices("set", "image", "web", "") == (["web=\tweb:v2"], ":6")


def test_files_are_left_to_the_shell() -> None:
    """Nobody knows them better."""
    assert choices("create", "-f", "") == ([], ":0")


def test_descriptions_can_be_left_out() -> None:
    """bash cannot show them."""
    assert choices("promote", "we", verb="__completeNoDesc") == (["web"], ":4")


def test_a_cluster_that_does_not_answer_offers_nothing() -> None:
    """And writes nothing into the middle of the line."""

    class Deaf(FakeApi):
        def list(self, collection: Collection, query: Query = Query()) -> Page:
            raise ServerError("no answer")

    outcome = command(["__complete", "promote", ""], Deaf([]))

    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, ":4\n", "")


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Kubectl]:
    """A served store with one rollout, and the plugin on PATH beside it."""
    async with shop(tmp_path) as kubectl:
        await kubectl.store.create(Collection(kinds.ROLLOUTS, "default"), a_manifest(CANARY, replicas=1))
        folder = tmp_path / "bin"
        folder.mkdir()
        _program(folder / "kubectl-sluice", "kubectl_sluice")
        _program(folder / "kubectl_complete-sluice", "complete_kubectl_sluice")
        yield kubectl


def _program(path: Path, entry: str) -> None:
    path.write_text(f"#!{sys.executable}\n{RUN.format(entry=entry)}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


async def test_kubectl_asks_the_plugin_what_could_stand_here(cluster: Kubectl) -> None:
    """By its own protocol, through the program kubectl_complete-sluice."""
    path = f"{cluster.home / 'bin'}:/usr/bin:/bin"

    said = await cluster("__complete", "sluice", "get", "rollout", "s", PATH=path, PYTHONPATH=_python_path())

    assert said.splitlines()[0].split("\t")[0] == "shop"
    assert ":4" in said.splitlines()


BASH = """
source <(kubectl-sluice completion bash)
COMP_LINE="$1"; COMP_POINT=${#COMP_LINE}
compopt() { :; }
_kubectl_sluice
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = """
kubectl-sluice completion fish | source
complete --do-complete "$argv[1]"
"""
ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1="READY>"; autoload -Uz compinit; compinit -u -D; source <(kubectl-sluice completion zsh)'
zpty -w shell 'bindkey "^I" expand-or-complete; LISTMAX=100; echo LOADED'
zpty -r -m shell line '*LOADED*LOADED*'
zpty -w -n shell "$1"$'\\t'
zpty -r -m shell line "*$2*"
echo "${line}"
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kubectl-sluice get rollout s", ["shop"]),
        ("kubectl-sluice termi", ["terminate"]),
        ("kubectl-sluice set image shop ", ["shop="]),
        ("kubectl-sluice promote shop --skip", []),
    ],
)
async def test_bash_completes(cluster: Kubectl, line: str, expected: list[str]) -> None:
    """With the script that `completion bash` prints."""
    assert [word for word in await _shell(cluster, "bash", BASH, line) if word] == expected


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed here")
async def test_fish_completes(cluster: Kubectl) -> None:
    """With descriptions."""
    said = await _shell(cluster, "fish", FISH, "kubectl-sluice get rollout s")

    assert said[0].split("\t")[0] == "shop"


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed here")
async def test_zsh_completes(cluster: Kubectl) -> None:
    """In a zsh that somebody types into."""
    said = await _shell(cluster, "zsh", ZSH, "kubectl-sluice get rollout s", "rollout shop")

    assert "rollout shop" in " ".join(said)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_can_read(shell: str) -> None:
    """No shell finds a fault in its own script."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed here")
    script = command(["completion", shell], FakeApi([])).stdout

    done = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False, timeout=30)

    assert (done.returncode, done.stderr) == (0, "")


def test_powershell_has_its_script() -> None:
    """For the program's own name."""
    script = command(["completion", "powershell"], FakeApi([]), program="kubectl argo rollouts").stdout

    assert "-CommandName 'kubectl-argo-rollouts'" in script


async def _shell(cluster: Kubectl, shell: str, script: str, *words: str) -> list[str]:
    """What a shell prints that runs the script."""
    path = f"{cluster.home / 'bin'}:/usr/bin:/bin"
    own = {"PATH": path, "PYTHONPATH": _python_path(), "KUBECONFIG": str(cluster.home / "kubeconfig")}
    file = cluster.home / "script"
    file.write_text(script)
    process = await asyncio.create_subprocess_exec(
        *(shell, str(file), *words),
        env={**own, "HOME": str(cluster.home), "TERM": "xterm"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    return out.decode(errors="replace").splitlines()


def _python_path() -> str:
    return os.pathsep.join([str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH", "")])
