"""Scenarios on the real control plane: all that pytest selected, side by side. Called by playing.

One control plane, one controller and one event loop in a thread of its own serve the whole run. The first scenario that
is asked for starts them all, at most ABREAST at once, each in its namespace; every test then waits for its own result.
"""

import asyncio
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from rollouts.cluster import kinds
from rollouts.cluster.client import HttpCluster
from rollouts.cluster.errors import AlreadyExistsError, ClusterError, NotFoundError
from rollouts.cluster.login import login
from rollouts.cluster.plain import connect
from rollouts.cluster.port import Cluster, Collection, Target
from rollouts.controller.clock import wall_clock
from tests.builders.loadtesters import Caller, a_load_tester
from tests.builders.servers import serving
from tests.contract.waiting import until, until_gone
from tests.e2e import installed
from tests.e2e.harness import ControlPlane, control_plane
from tests.scenarios.commands import kubectl, run_command
from tests.scenarios.embedded import Story, answer
from tests.scenarios.hooks import Hooks
from tests.scenarios.sight import watched
from tests.scenarios.stage import House, Stage

ABREAST = 10
PATIENCE, MOMENT = 3.0, 0.1
LONGEST = 300.0
"""Seconds that one scenario may take in all."""

LEASE = Target(kinds.LEASES, "argo-rollouts-controller-lock", installed.NAMESPACE)


class Theatre:
    """Plays stories, by the namespace of each. `result` waits for one; `close` ends everything."""

    def __init__(self, stories: Mapping[str, Story]) -> None:
        self._plane = control_plane()
        if not self._plane.has_nodes:
            pytest.skip("this control plane has no fake nodes: see controlplane/README.md")
        self._stories = stories
        self._results: dict[str, Future[None]] = {namespace: Future() for namespace in stories}
        self._folder = Path(tempfile.mkdtemp(prefix="sluice-theatre-"))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="theatre")
        self._playing: asyncio.Task[None] | None = None
        self._thread.start()

    def result(self, namespace: str) -> None:
        """Wait for a story; what it raised is raised here."""
        self._results[namespace].result()

    def close(self) -> None:
        """End what still plays, then the controller."""

        def cancel() -> None:
            if self._playing is not None:
                self._playing.cancel()

        if self._loop.is_running():
            self._loop.call_soon_threadsafe(cancel)
        self._thread.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._playing = self._loop.create_task(self._play_all())
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._playing)
        except BaseException as error:
            self._fail(error)
        finally:
            self._fail(AssertionError("the theatre closed before this scenario had ended"))
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def _fail(self, error: BaseException) -> None:
        for result in self._results.values():
            if not result.done():
                result.set_exception(error)

    async def _play_all(self) -> None:
        async with self._house() as house:
            places = asyncio.Semaphore(ABREAST)
            async with asyncio.TaskGroup() as group:
                for namespace, story in self._stories.items():
                    group.create_task(self._play(house, namespace, story, places), name=namespace)

    async def _play(self, house: House, namespace: str, story: Story, places: asyncio.Semaphore) -> None:
        async with places:
            result = self._results[namespace]
            try:
                async with asyncio.timeout(LONGEST), a_namespace(house.cluster, namespace):
                    stage = Stage(house, namespace)
                    await story(stage)
                    stage.end()
            except Exception as error:
                result.set_exception(error)
            else:
                result.set_result(None)

    @asynccontextmanager
    async def _house(self) -> AsyncIterator[House]:
        async with (
            a_house(self._plane) as house,
            _controller(self._plane, house.cluster, self._folder, house.hooks.address) as program,
        ):
            yield replace(house, log=program.lines)


@asynccontextmanager
async def a_house(plane: ControlPlane) -> AsyncIterator[House]:
    """All that stages need of a real cluster, but for the controller."""
    answers, hooks = dict[str, float](), Hooks()
    async with AsyncExitStack() as stack:
        hooks.address = await stack.enter_async_context(serving(_outside(answers, hooks)))
        tester = await stack.enter_async_context(a_load_tester())
        cluster = await stack.enter_async_context(HttpCluster(login(kubeconfig=str(plane.kubeconfig))))
        yield House(
            cluster=cluster,
            shelves=await stack.enter_async_context(watched(cluster)),
            clock=wall_clock,
            command=_commands(plane),
            kubectl=kubectl(plane.kubeconfig),
            log=list,
            answers=answers,
            hooks=hooks,
            turn=_turned(tester),
            load_tester=tester.url,
            patience=PATIENCE,
            moment=MOMENT,
        )


@asynccontextmanager
async def _controller(
    plane: ControlPlane, cluster: Cluster, folder: Path, prometheus: str
) -> AsyncIterator[installed.Program]:
    """The definitions, the roles, and a controller that leads."""
    await asyncio.to_thread(installed.install, plane.kubeconfig, installed.roles())
    config = await asyncio.to_thread(installed.account_kubeconfig, plane.kubeconfig, folder / "controller.kubeconfig")
    with suppress(NotFoundError):
        await cluster.delete(LEASE)  # an earlier controller's: it would be waited for
    program = installed.Program(config, folder / "controller.log", ["--logformat=logfmt", f"--prometheus={prometheus}"])
    try:
        await _leads(cluster, program)
        yield program
    finally:
        await asyncio.to_thread(program.stop)


async def _leads(cluster: Cluster, program: installed.Program) -> None:
    leading = asyncio.create_task(until(cluster, LEASE, lambda lease: bool(lease["spec"].get("holderIdentity"))))
    ended = asyncio.create_task(asyncio.to_thread(program.process.wait))
    done, _ = await asyncio.wait({leading, ended}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    leading.cancel()
    assert leading in done, "\n".join(["the controller does not lead:", *program.lines()])


@asynccontextmanager
async def a_namespace(cluster: Cluster, name: str) -> AsyncIterator[None]:
    """A new one; what an earlier run left in a cluster that was given to us goes first."""
    body, target = {"metadata": {"name": name}}, Target(kinds.NAMESPACES, name)
    try:
        await cluster.create(Collection(kinds.NAMESPACES), body)
    except AlreadyExistsError:
        with suppress(ClusterError):
            await cluster.delete(target)
        await until_gone(cluster, target)
        await cluster.create(Collection(kinds.NAMESPACES), body)
    try:
        yield
    finally:
        await cluster.delete(target)


def _outside(answers: dict[str, float], hooks: Hooks) -> web.Application:
    """The Prometheus of all scenarios, and every webhook."""

    async def query(request: web.Request) -> web.Response:
        asked = {**request.query, **(await request.post() if request.method == "POST" else {})}
        return web.json_response(answer(str(asked.get("query", "")), answers))

    async def hear(request: web.Request) -> web.Response:
        status, text = hooks.hear(request.path, await request.read())
        return web.Response(status=status, text=text)

    application = web.Application()
    application.router.add_route("*", "/api/v1/query", query)
    application.router.add_post("/{namespace}/{name}", hear)
    return application


def _turned(tester: Caller) -> Callable[[str, Any], Awaitable[None]]:
    async def turn(path: str, told: Any) -> None:
        code, text = await tester.post(path, told)
        assert code == 202, f"the load tester says {code} to {path}: {text}"

    return turn


def _commands(plane: ControlPlane) -> Any:
    async def command(namespace: str, words: Sequence[str]) -> None:
        flags = {"namespace": namespace}
        await asyncio.to_thread(
            run_command, words, flags, lambda _flags: connect(kubeconfig_path=str(plane.kubeconfig)), wall_clock
        )

    return command
