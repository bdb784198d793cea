"""Inside the network: control plane, pods' servers, gateways and controller; plays a story. Called by __main__."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp

from rollouts.cluster.client import HttpCluster
from rollouts.cluster.login import login
from rollouts.cluster.port import Cluster
from tests.contract.gateway import definitions_folder, module_folder
from tests.e2e import installed
from tests.e2e.chaos.plane import ALONE, FLAGS
from tests.e2e.chaos.stage import a_stage
from tests.e2e.dataplane import envoy, gateways
from tests.e2e.dataplane.gateways import Way
from tests.e2e.dataplane.judge import Request, Verdict, judged
from tests.e2e.dataplane.load import Session
from tests.e2e.dataplane.plays import SEEN_TOO, Play
from tests.e2e.dataplane.stories import Story
from tests.e2e.harness import ControlPlane, own_control_plane

RATE = 350.0
"""Requests a second, each way."""

LEAST = 10_000
"""Requests that a scenario has at least, each way."""

CALM = 1.0
"""Seconds with requests before anything happens, and after all is done."""

REACHED = 60.0


@dataclass(frozen=True)
class World:
    """What all stories share."""

    kubeconfig: Path
    account: Path
    folder: Path
    cluster: Cluster

    def start_controller(self) -> installed.Program:
        """A controller that works alone."""
        return installed.Program(self.account, self.log, (*FLAGS, ALONE))

    @property
    def log(self) -> Path:
        """All controllers' log."""
        return self.folder / "controller.log"

    def last_words(self) -> str:
        """Its end."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    async def play(self, story: Story) -> dict[str, Verdict]:
        """The verdict of each way."""
        files = {way: self.folder / f"{story.name}-{way.name}.jsonl" for way in story.ways}
        async with AsyncExitStack() as stack:
            stage = await stack.enter_async_context(a_stage(self.cluster, story.name, (), SEEN_TOO))
            play = Play(stage, self.start_controller)
            stack.callback(play.stop)
            await asyncio.to_thread(apply, self.kubeconfig, story.name, story.manifests())
            await story.begun(play)
            await _reached(story)
            with _loaded(story.name, files):
                await asyncio.sleep(CALM)
                await story.tell(play)
                await asyncio.sleep(CALM)
            courses = list(play.courses) if story.is_split_told else []
            (self.folder / f"{story.name}.json").write_text(json.dumps([asdict(one) for one in courses]))
        ending = ("delete", "namespace", story.name, "--wait=false")
        await asyncio.to_thread(installed.kubectl, self.kubeconfig, *ending)
        return {way.name: judged(_told(path), courses) for way, path in files.items()}


def apply(kubeconfig: Path, namespace: str, manifests: list[dict[str, object]]) -> None:
    """As kubectl does."""
    everything = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    installed.kubectl(kubeconfig, "apply", "-n", namespace, "--filename=-", given=everything)


async def _reached(story: Story) -> None:
    """Until each way leads to a pod."""
    async with asyncio.timeout(REACHED), Session() as session:
        for way in story.ways:
            while not await _answers(session, way, story.name):  # noqa: ASYNC110  # a gateway rings no bell
                await asyncio.sleep(0.1)


async def _answers(session: Session, way: Way, story: str) -> bool:
    try:
        async with session.get(way.url, headers={"host": way.host(story)}) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


@contextmanager
def _loaded(story: str, files: Mapping[Way, Path]) -> Iterator[None]:
    """Users come all ways while this lasts; at its end their number is full."""
    loads: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        for way, path in files.items():
            flags = (f"--host={way.host(story)}", f"--rate={RATE}", f"--least={LEAST}", f"--to={path}")
            command = [sys.executable, "-m", "tests.e2e.dataplane.load", way.url, *flags]
            loads.append(subprocess.Popen(command, stdout=subprocess.PIPE))
            stack.enter_context(running(loads[-1]))
        try:
            for load in loads:
                _says(load, b"begun")
            yield
        except BaseException:
            for load in loads:
                load.kill()  # nobody asks any more how many came
            raise


def _says(process: "subprocess.Popen[bytes]", word: bytes) -> None:
    """Wait until it does."""
    assert process.stdout is not None
    assert process.stdout.readline().strip() == word


def _told(path: Path) -> list[Request]:
    return [Request(*json.loads(line)) for line in path.read_text().splitlines()]


@contextmanager
def running(process: "subprocess.Popen[bytes]") -> Iterator["subprocess.Popen[bytes]"]:
    """Told to end at the end, and waited for."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    """Everything started; ended with the block."""
    plane = own_control_plane()
    try:
        account = await asyncio.to_thread(_installed, plane, folder)
        login_here = login(kubeconfig=str(plane.kubeconfig))
        async with HttpCluster(login_here) as cluster, envoy.feeding(cluster, folder / "envoy"):
            with _served(plane.kubeconfig, folder):
                yield World(plane.kubeconfig, account, folder, cluster)
    finally:
        assert plane.script is not None  # it is our own
        plane.script("down")


def _installed(plane: ControlPlane, folder: Path) -> Path:
    """Ours and the gateways' definitions, roles, and a Gateway; the kubeconfig of controllers."""
    installed.install(plane.kubeconfig, installed.roles())
    theirs = (
        definitions_folder(gateways.MODULE),
        module_folder(gateways.TRAEFIK_MODULE) / gateways.TRAEFIK_DEFINITIONS,
    )
    applying = ("apply", "--server-side", "--force-conflicts")
    installed.kubectl(plane.kubeconfig, *applying, *(f"--filename={path}" for path in theirs))
    apply(plane.kubeconfig, "default", gateways.objects())
    return installed.account_kubeconfig(plane.kubeconfig, folder / "controller.kubeconfig")


@contextmanager
def _served(kubeconfig: Path, folder: Path) -> Iterator[None]:
    """The pods' servers and the gateways, running."""
    command = [sys.executable, "-m", "tests.e2e.dataplane.backends", str(kubeconfig)]
    backends = subprocess.Popen(command, stdout=subprocess.PIPE)
    with ExitStack() as stack:
        stack.enter_context(running(backends))
        _says(backends, b"ready")
        stack.enter_context(running(gateways.traefik(kubeconfig, folder / "traefik.log")))
        bootstrap = envoy.bootstrap(folder / "envoy", gateways.ENVOY_PORT)
        stack.enter_context(running(gateways.envoy(bootstrap, folder / "envoy.log")))
        yield
