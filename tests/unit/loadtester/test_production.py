"""`sluice loadtester` as processes of their own, over HTTP: gates that they share, children that end with them."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from rollouts.cli.loadtester import LOAD
from rollouts.cli.main import CLIENT, OWN, LazyGroup
from rollouts.cluster.client import Session
from rollouts.cluster.errors import ForbiddenError
from rollouts.cluster.port import Json, Target
from rollouts.loadtester.gates import ClusterGates, MemoryGates
from rollouts.loadtester.production import environment, gates_of
from rollouts.loadtester.settings import Settings, SettingsError
from rollouts.simulator.api import serve
from rollouts.simulator.store import Store
from tests.builders.loadtesters import Caller, until_gone
from tests.contract.implementations import NOON

PROGRAM = (*LOAD[:-1], "loadtester", "--address=127.0.0.1", "-port=0")


@dataclass
class Replica:
    """One process and who calls it."""

    process: asyncio.subprocess.Process
    caller: Caller

    async def end(self) -> int:
        """As Kubernetes does it; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()


@asynccontextmanager
async def a_replica(*flags: str) -> AsyncIterator[Replica]:
    """The process, which is gone afterwards whatever happened."""
    process = await asyncio.create_subprocess_exec(*PROGRAM, *flags, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(60), Session() as session:
            yield Replica(process, Caller(session, f"http://127.0.0.1:{await _port(process)}"))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    async for line in process.stderr:
        told = json.loads(line)
        if told["event"] == "listening":
            return int(told["port"])
    raise AssertionError("it does not listen")


async def test_replicas_share_gates_and_outlive_each_other(tmp_path: Path) -> None:
    """What one opens another answers, and the next one after both."""
    async with serve(Store(lambda: NOON)) as front:
        flags = (f"--kubeconfig={front.kubeconfig(tmp_path / 'config')}", "--gates=cluster")
        async with a_replica(*flags) as one, a_replica(*flags) as other:
            assert await one.caller.gate("/gate/open") == (202, "")
            assert await other.caller.gate("/gate/check") == (200, "Approved")
            assert await one.end() == await other.end() == 0
        async with a_replica(*flags) as third:
            assert await third.caller.gate("/gate/check") == (200, "Approved")


async def test_the_end_of_the_process_is_that_of_its_children(tmp_path: Path) -> None:
    """SIGTERM ends commands with all that they started, and then the load tester, with code 0."""
    note = tmp_path / "note"
    async with a_replica("--gates=memory") as replica:
        assert await replica.caller.run({"cmd": f"sleep 1000 & echo $! >{note}.new; mv {note}.new {note}; wait"}) == (
            202,
            "",
        )
        while not note.exists():  # noqa: ASYNC110  # another process writes it, unheard
            await asyncio.sleep(0.01)
        assert await replica.end() == 0
        await until_gone(note.read_text().strip())


async def test_a_command_for_hey_runs_without_it() -> None:
    """Our own load stands in, in a process of its own, with the same flags and much the same answer."""
    async with a_replica("--gates=memory") as replica:
        command = f"${{PATH##*:}}/hey -n 7 -c 2 -host shop.test {replica.caller.url}/healthz"
        code, text = await replica.caller.run({"type": "bash", "cmd": command, "returnCmdOutput": "true"})

    assert code == 200
    assert "[200]\t7 responses" in text


def test_what_is_installed_comes_before_the_stand_in(tmp_path: Path) -> None:
    """It stands last on PATH; and there is none where we have no load to offer."""
    found = environment({"PATH": "/bin", "HOME": "/root"}, tmp_path, ("sluice", "a b"))

    assert found == {"PATH": f"/bin:{tmp_path}", "HOME": "/root"}
    assert (tmp_path / "hey").read_text() == "#!/bin/sh\nexec sluice 'a b' \"$@\"\n"
    assert environment({"PATH": "/bin"}, tmp_path, ()) == {"PATH": "/bin"}


class Closed(Store):
    """A cluster whose roles were not made for us."""

    async def get(self, target: Target) -> Json:
        """Refused."""
        raise ForbiddenError('configmaps "sluice-loadtester-gates" is forbidden')


@pytest.mark.parametrize(("gates", "kind"), [("auto", MemoryGates), ("cluster", ClusterGates)])
async def test_a_cluster_that_forbids_gates_is_named_with_the_cure(gates: str, kind: type, tmp_path: Path) -> None:
    """Gates fall back to memory only where nobody asked for the cluster; else they stay closed until it is mended."""
    async with serve(Closed(lambda: NOON)) as front:
        settings = Settings(gates=gates, kubeconfig=str(front.kubeconfig(tmp_path / "config")))
        with capture_logs() as lines:
            async with gates_of(settings) as found:
                assert isinstance(found, kind)

    assert "allow get, create and patch of configmaps" in lines[0]["cure"]
    assert "is forbidden" in lines[0]["cause"]


async def test_without_a_cluster_gates_are_in_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the log says what that means; a cluster that was asked for must be there."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with capture_logs() as lines:
        async with gates_of(Settings()) as found:
            assert isinstance(found, MemoryGates)
    assert "a restart closes them, and each replica has its own" in lines[0]["event"]

    with pytest.raises(SettingsError, match="--gates=cluster"):
        async with gates_of(Settings(gates="cluster")):
            pass


def played(*words: str) -> Any:
    """A command line that ends by itself: its code and what it says."""
    return CliRunner().invoke(LazyGroup("sluice", {**CLIENT, **OWN}), words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("loadtester", "--timeout=soon"), "--timeout: time: invalid duration"),
        (("loadtester", "-namespace-regexp=("), '--namespace-regexp "(" is no regular expression'),
        (("loadtester", "--log-level=loud"), "--log-level loud is unknown: write one of debug"),
        (("load", "shop"), "shop is no address: write http://host:port/path"),
        (("load", "-H", "x", "http://shop"), "--header x is no header"),
        (("load", "-D", "/nowhere", "http://shop"), "--data-file /nowhere cannot be read: No such file"),
        (("load", "-z", "1", "http://shop"), "--duration: time: missing unit"),
    ],
)
def test_a_flag_that_makes_no_sense_is_named(words: tuple[str, ...], said: str) -> None:
    """With what to write instead."""
    result = played(*words)

    assert result.exit_code == 1
    assert said in str(result.exception)
