"""The load tester's API, over HTTP: what callers of every path get."""

import asyncio
import os
from pathlib import Path

import pytest

from rollouts.cluster.client import Session
from rollouts.cluster.errors import ServerError
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.port import Json, Target
from rollouts.loadtester.gates import ClusterGates
from rollouts.simulator.store import Store
from tests.builders.loadtesters import Caller, a_load_tester, is_alive, until_gone
from tests.contract.implementations import NOON

ON = "true"


class Lost(Store):
    """A cluster that cannot be reached."""

    async def get(self, target: Target) -> Json:
        """No answer."""
        raise ServerError("connection refused")


@pytest.mark.parametrize("word", ["gate", "rollback"])
async def test_a_gate_opens_and_closes(word: str) -> None:
    """Closed at first; who opens and closes it gets 202, who asks 200 or 403."""
    async with a_load_tester() as caller:
        assert await caller.gate(f"/{word}/check") == (403, "Forbidden")
        assert await caller.gate(f"/{word}/open") == (202, "")
        assert await caller.gate(f"/{word}/check") == (200, "Approved")
        assert await caller.gate(f"/{word}/check", name="another") == (403, "Forbidden")
        assert await caller.gate(f"/{word}/close") == (202, "")
        assert await caller.gate(f"/{word}/check") == (403, "Forbidden")
        assert f'gate_requests_total{{code="200",path="/{word}/check"}} 1.0' in await caller.metrics()


async def test_the_two_gates_of_a_canary_are_two() -> None:
    """Letting it go on does not send it back."""
    async with a_load_tester() as caller:
        await caller.gate("/gate/open")

        assert await caller.gate("/rollback/check") == (403, "Forbidden")


async def test_constant_gates_and_health_need_no_payload() -> None:
    """They always answer the same."""
    async with a_load_tester() as caller:
        assert await caller.post("/gate/approve", b"") == (200, "OK")
        assert await caller.post("/gate/halt", b"") == (403, "Forbidden")
        assert await caller.post("/healthz", b"") == (200, "OK")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/", b"", "no JSON"),
        ("/", b"[]", "no JSON object"),
        ("/", b"{}", "metadata not found in payload"),
        ("/", b'{"metadata": []}', "metadata: must be an object"),
        ("/", b'{"metadata": {"cmd": 1}}', "metadata.cmd: must be a string"),
        ("/", b'{"metadata": {"type": "cmd"}}', "cmd not found in metadata"),
        ("/", b'{"metadata": {"type": "bash"}}', "cmd not found in metadata"),
        ("/", b'{"metadata": {"type": "bats", "cmd": "x"}}', "unknown task type bats: known are cmd, bash, helm"),
        ("/gate/open", b'{"name": "podinfo"}', "namespace: missing"),
        ("/gate/check", b'{"name": "pod info", "namespace": "test"}', "no canary's name"),
    ],
)
async def test_a_callers_mistake_is_named(path: str, body: bytes, said: str) -> None:
    """400, with what is wrong."""
    async with a_load_tester() as caller:
        code, text = await caller.post(path, body)

    assert code == 400
    assert said in text


async def test_a_namespace_that_is_not_served_is_forbidden() -> None:
    """For tasks and for gates."""
    async with a_load_tester(namespaces="^team-") as caller:
        assert await caller.run({"cmd": "true"}) == (403, "Forbidden")
        assert await caller.gate("/gate/open") == (403, "Forbidden")
        assert (await caller.gate("/gate/open", namespace="team-a"))[0] == 202


async def test_who_waits_for_a_command_gets_its_outcome() -> None:
    """200, with the output where it is asked for; 500 with all that is known where it fails."""
    async with a_load_tester() as caller:
        assert await caller.run({"type": "bash", "cmd": "echo hi"}) == (200, "")
        assert await caller.run({"type": "bash", "cmd": "echo hi", "returnCmdOutput": ON}) == (200, "hi\n")
        assert await caller.run({"type": "bash", "cmd": "echo no; exit 2"}) == (
            500,
            "command echo no; exit 2 failed: no\n: exit status 2",
        )


@pytest.mark.parametrize("kind", ["helm", "helmv3", "kubectl"])
async def test_programs_get_words_and_no_shell(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Split at blanks, quotes and semicolons being letters like others; helmv3 is helm where it goes by that name."""
    program = tmp_path / kind.removesuffix("v3")
    program.write_text('#!/bin/sh\nfor word in "$@"; do echo "[$word]"; done\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    async with a_load_tester() as caller:
        answer = await caller.run({"type": kind, "cmd": "test  'my app'; ls", "returnCmdOutput": ON})

    assert answer == (200, "[test]\n['my]\n[app';]\n[ls]\n")


async def test_nobody_waits_for_a_load(tmp_path: Path) -> None:
    """202 at once, while it runs; its end is seen in the metrics only."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with a_load_tester() as caller:
        assert await caller.run({"cmd": f"cat {pipe} >/dev/null; exit 1"}) == (202, "")
        await asyncio.to_thread(pipe.write_text, "go")
        while 'tasks_total{end="failed",type="cmd"} 1.0' not in await caller.metrics():  # noqa: ASYNC110  # it says no more
            await asyncio.sleep(0.01)


async def test_a_server_without_its_gates_opens_none() -> None:
    """503 with the cause: a webhook that gets it holds the canary, and rolls nothing back."""
    async with a_load_tester(ClusterGates(Lost(lambda: NOON), Target(CONFIG_MAPS, "gates", "default"))) as caller:
        answer = await caller.gate("/gate/check")
        metrics = await caller.metrics()

    assert answer == (503, "the gates cannot be reached: connection refused")
    assert 'gate_requests_total{code="503",path="/gate/check"} 1.0' in metrics


async def test_a_body_without_end_is_refused() -> None:
    """413, and it is not kept."""
    async with a_load_tester() as caller:
        code, _ = await caller.post("/", b"x" * (2 * 1024 * 1024))

    assert code == 413


async def test_the_end_takes_commands_along_and_tells_who_waits(tmp_path: Path) -> None:
    """Who waits gets 503; the command and its children are gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with Session() as session:
        async with a_load_tester() as tester:
            caller = Caller(session, tester.url)
            waiting = asyncio.create_task(caller.run({"type": "bash", "cmd": f"sleep 1000 & echo $! >{pipe}; wait"}))
            number = (await asyncio.to_thread(pipe.read_text)).strip()
            assert is_alive(number)
        code, text = await waiting

    assert (code, "the load tester ended before" in text) == (503, True)
    await until_gone(number)
