"""`sluice controller` as a process of its own, over HTTP: the production path once, from start to SIGTERM."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.client import Session
from rollouts.cluster.port import Collection, Query, Target
from rollouts.controller.clock import wall_clock
from rollouts.simulator.api import serve
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.store import Store
from rollouts.simulator.world import World
from tests.unit.controller.stories import CRDS, a_canary

PROGRAM = "from rollouts.cli.controller import controller; controller()"
ARGS = ["--metricsPort=0", "--healthzPort=0", "--logformat=json", "--ingress-threads=3", "--kloglevel=6"]
LEASE = Target(kinds.LEASES, "argo-rollouts-controller-lock", "argo-rollouts")


@asynccontextmanager
async def a_controller(kubeconfig: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, which is gone afterwards whatever happened."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *ARGS, env={"KUBECONFIG": str(kubeconfig)}, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_controller_starts_works_and_leaves_when_it_is_told(tmp_path: Path) -> None:
    """A rollout becomes healthy; SIGTERM ends the process with code 0 and gives the Lease back."""
    store = Store(wall_clock, seed=1)
    store.load_definitions([CRDS])
    async with World(Scenario(requests_per_second=0), now=wall_clock, store=store) as world, serve(store) as front:
        await world.apply([_namespace("shop"), _namespace("argo-rollouts")])
        async with a_controller(front.kubeconfig(tmp_path / "kubeconfig")) as process, asyncio.timeout(40):
            await world.apply([a_canary({"setWeight": 34}, {"pause": {}})])
            ports = await _line(process, "listening")
            await _until_healthy(store)
            numbers = await _text(f"http://127.0.0.1:{ports['metrics']}/metrics")
            assert await _text(f"http://127.0.0.1:{ports['healthz']}/healthz") == "ok"
            assert (await store.get(LEASE))["spec"]["holderIdentity"]
            process.send_signal(signal.SIGTERM)
            _, errors = await process.communicate()

    assert process.returncode == 0
    assert (await store.get(LEASE))["spec"]["holderIdentity"] == ""
    assert b"Rollout completed update to revision 1" in errors
    assert b'"verb": "Patch", "path": "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/status"' in errors
    assert b"defect" not in errors
    labels = 'kind="replicasets",name="N/A",namespace="N/A",status_code="201",verb="Create"'
    assert f"controller_clientset_k8s_request_total{{{labels}}} 1.0" in numbers
    assert 'kind="rollouts",name="web",namespace="shop",status_code="200",verb="Patch"' in numbers


async def _line(process: asyncio.subprocess.Process, event: str) -> dict[str, Any]:
    """The log line of this event; the flag without a meaning is named before it."""
    assert process.stderr is not None
    seen: list[dict[str, Any]] = []
    async for line in process.stderr:
        seen.append(json.loads(line))
        if seen[-1]["event"] == event:
            assert "--ingress-threads" in [told.get("flag") for told in seen]
            return seen[-1]
    raise AssertionError(f"no {event} in {seen}")


async def _text(url: str) -> str:
    async with Session() as session, session.get(url) as response:
        return await response.text()


async def _until_healthy(store: Store) -> None:
    async for event in store.watch(Collection(kinds.ROLLOUTS, "shop"), Query()):
        if (event.object.get("status") or {}).get("phase") == "Healthy":
            return


def _namespace(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
