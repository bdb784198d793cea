"""The commands on a real pseudo-terminal, against the embedded cluster over HTTP: what a person sees.

pexpect runs the program, pyte is its screen. Every wait is for something to be seen.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import pexpect
import pyte
import pytest
import pytest_asyncio

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Patch, PatchType, Target
from tests.builders.kubectl import Kubectl, shop
from tests.unit.cli.test_over_http import CANARY, RUN
from tests.unit.dialects.argo.test_rollout import a_manifest

PATIENCE = 30.0
NONE: Mapping[str, str] = MappingProxyType({})


class Person:
    """Somebody before a terminal that runs a command."""

    def __init__(
        self, cluster: Kubectl, *words: str, columns: int = 100, environment: Mapping[str, str] = NONE
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        kubeconfig = str(cluster.home / "kubeconfig")
        self.program: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable,
            ["-c", RUN.format(entry="kubectl_sluice"), *words],
            env={**inherited, "TERM": "xterm-256color", "KUBECONFIG": kubeconfig, **environment},
            dimensions=(30, columns),
            timeout=PATIENCE,
        )
        self.screen = pyte.Screen(columns, 30)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.blanks = 0

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(row.rstrip() for row in self.screen.display)

    async def sees(self, is_so: Callable[[str], bool]) -> None:
        """Look until it is so; count the moments when the screen was blank after the first frame."""
        async with asyncio.timeout(PATIENCE):
            while not is_so(self.text):
                piece = await asyncio.to_thread(self.program.read_nonblocking, 512, PATIENCE)
                self.raw += piece
                self.stream.feed(piece)
                self.blanks += b"Name:" in self.raw and "Name:" not in self.text

    async def ends(self) -> int:
        """Read to the end; the exit code."""
        async with asyncio.timeout(PATIENCE):
            rest = await asyncio.to_thread(self._rest)
        self.raw += rest
        self.stream.feed(rest)
        self.program.close()
        return int(self.program.exitstatus if self.program.exitstatus is not None else -1)

    def _rest(self) -> bytes:
        self.program.expect(pexpect.EOF)
        found: bytes = self.program.before or b""
        return found


@pytest_asyncio.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Kubectl]:
    """A served store that holds one canary on its way."""
    async with shop(tmp_path) as kubectl:
        await kubectl.store.create(Collection(kinds.ROLLOUTS, "default"), a_manifest(CANARY, replicas=1))
        await put(kubectl, "Progressing")
        yield kubectl


async def put(cluster: Kubectl, phase: str, message: str = "") -> None:
    """What the controller would write."""
    status = {"phase": phase, "message": message, "observedGeneration": "1"}
    target = Target(kinds.ROLLOUTS, "shop", "default", "status")
    await cluster.store.patch(target, Patch(PatchType.MERGE, {"status": status}))


def _is_at(phase: str) -> Callable[[str], bool]:
    """Does the line of the status tell it?"""
    return lambda text: f" {phase}" in text.splitlines()[2]


async def test_a_watched_rollout_is_redrawn_and_never_blank(cluster: Kubectl) -> None:
    """Phase after phase on the same place; Ctrl-C leaves the last view, a cursor, and exit code 130."""
    person = Person(cluster, "get", "rollout", "shop", "-w")
    await person.sees(lambda text: "◌ Progressing" in text)
    for phase in ("Paused", "Degraded", "Healthy"):
        await put(cluster, phase, "because")
        await person.sees(_is_at(phase))
    assert person.text.startswith("Name:            shop")

    person.program.sendintr()
    code = await person.ends()

    assert code == 130
    assert person.blanks == 0
    assert "✔ Healthy" in person.text
    assert "Traceback" not in person.text
    assert not person.screen.cursor.hidden


async def test_a_resized_terminal_is_redrawn_at_once(cluster: Kubectl) -> None:
    """Long lines are cut to the new width, and the head stays in the first row."""
    person = Person(cluster, "get", "rollout", "shop", "-w")
    await person.sees(lambda text: "Desired" in text)

    person.program.setwinsize(12, 30)
    person.screen.resize(12, 30)
    person.screen.reset()
    await person.sees(lambda text: "more lines" in text)

    assert person.text.startswith("Name:            shop")
    person.program.sendintr()
    assert await person.ends() == 130


@pytest.mark.parametrize(
    ("words", "environment"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})]
)
async def test_colours_are_left_out_on_request(cluster: Kubectl, words: list[str], environment: dict[str, str]) -> None:
    """By the flag, by the variable that all programs heed, or by a terminal that knows none."""
    person = Person(cluster, "get", "rollout", "shop", *words, environment=environment)

    assert await person.ends() == 0
    assert b"\x1b[" not in person.raw


async def test_a_terminal_gets_colours(cluster: Kubectl) -> None:
    """The sign of the phase has its own."""
    person = Person(cluster, "get", "rollout", "shop")

    assert await person.ends() == 0
    assert "\x1b[36m◌\x1b[0m Progressing" in person.raw.decode()


async def test_a_watch_is_told_to_end_by_a_signal(cluster: Kubectl) -> None:
    """SIGTERM leaves the terminal as it was."""
    person = Person(cluster, "get", "rollout", "shop", "-w")
    await person.sees(lambda text: "◌ Progressing" in text)

    person.program.kill(15)

    assert await person.ends() == 143
    assert not person.screen.cursor.hidden


async def test_a_list_is_followed_line_by_line(cluster: Kubectl) -> None:
    """Each change is a new line under the same titles."""
    person = Person(cluster, "list", "rollouts", "-w")
    await person.sees(lambda text: "Progressing" in text)
    await put(cluster, "Healthy")
    await person.sees(lambda text: "Healthy" in text)

    person.program.sendintr()

    assert await person.ends() == 130
    rows = [row.split()[:3] for row in person.text.splitlines()[:3]]
    assert rows == [["NAME", "STRATEGY", "STATUS"], ["shop", "Canary", "Progressing"], ["shop", "Canary", "Healthy"]]


class Line:
    """What lies between the terminal and the server, and can be cut."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self.port = 0
        self._server: asyncio.Server | None = None
        self._ends: list[asyncio.StreamWriter] = []

    async def mend(self) -> None:
        """Let connections through, at the same port as before."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End what there is, and take no more."""
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.close()
        self._ends.clear()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:  # the server is gone: a watch asked once more at the end of its test
            writer.close()
            return
        self._ends += [writer, far_writer]
        await asyncio.gather(_copied(reader, far_writer), _copied(far_reader, writer))


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def test_a_watch_survives_a_lost_connection(cluster: Kubectl) -> None:
    """The view stays with a word of warning, and goes on when the server is there again."""
    kubeconfig = cluster.home / "kubeconfig"
    server = re.search(r"http://127\.0\.0\.1:(\d+)", kubeconfig.read_text())
    assert server is not None
    line = Line(int(server[1]))
    await line.mend()
    kubeconfig.write_text(kubeconfig.read_text().replace(server[0], f"http://127.0.0.1:{line.port}"))
    person = Person(cluster, "get", "rollout", "shop", "-w")
    await person.sees(_is_at("Progressing"))

    line.cut()
    await person.sees(lambda text: "This may be old" in text)
    assert _is_at("Progressing")(person.text)
    await put(cluster, "Healthy")
    await line.mend()
    await person.sees(lambda text: _is_at("Healthy")(text) and "This may be old" not in text)

    person.program.sendintr()
    assert await person.ends() == 130
    line.cut()
    assert person.blanks == 0
