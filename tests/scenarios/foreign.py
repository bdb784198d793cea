"""What others do in scenarios of Canaries, who have no part in either cluster: operators of kinds, and of nodes.

Each keeper is a task beside the story: it answers what the watches show, by the status that its own controller writes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from rollouts.cluster import kinds
from rollouts.cluster.errors import NotFoundError, TooManyRequestsError
from rollouts.cluster.port import Collection, Json, Query, Resource, Target
from tests.builders.foreign import a_definition
from tests.contract.waiting import is_established, until, until_discovered
from tests.scenarios.stage import Stage

NODES = 2
OFF = "flagger.app/scale-to-zero"


async def served(stage: Stage, *resources: Resource) -> None:
    """The cluster has these kinds, as their operators define them."""
    for resource in resources:
        definition = a_definition(resource)
        target = Target(kinds.CUSTOM_RESOURCE_DEFINITIONS, definition["metadata"]["name"])
        await stage.apply(_beside(await _known(stage, target), definition))
        await until(stage.house.cluster, target, is_established)
        await until_discovered(stage.house.cluster, resource)
        await _until_listed(stage, resource)


async def _known(stage: Stage, target: Target) -> list[Json]:
    """The versions of a kind that another test has defined."""
    try:
        known: Json = await stage.house.cluster.get(target)
    except NotFoundError:
        return []
    return list(known["spec"]["versions"])


def _beside(known: list[Json], definition: Json) -> Json:
    """Other versions stay: a server lets no version go that it has stored objects in."""
    spec = definition["spec"]
    names = {version["name"] for version in spec["versions"]}
    others = [version for version in known if version["name"] not in names]
    if any(version["storage"] for version in others):
        spec = {**spec, "versions": [{**version, "storage": False} for version in spec["versions"]]}
    return {**definition, "spec": {**spec, "versions": [*spec["versions"], *others]}}


async def _until_listed(stage: Stage, resource: Resource) -> None:
    """A real server answers for a kind before it can list it; nothing tells when it can."""
    while True:
        try:
            await stage.listed(resource)
        except TooManyRequestsError:
            await asyncio.sleep(0.1)
        else:
            return


@asynccontextmanager
async def keeping(stage: Stage, resource: Resource, status_of: Callable[[Json], Json]) -> AsyncIterator[None]:
    """Every object of a kind gets this status, again at each change of it."""
    keeper = asyncio.create_task(_keep(stage, resource, status_of))
    try:
        yield
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper


async def _keep(stage: Stage, resource: Resource, status_of: Callable[[Json], Json]) -> None:
    cluster, collection = stage.house.cluster, Collection(resource, stage.namespace)
    page = await cluster.list(collection, Query())
    for obj in page.items:
        await _answer(stage, resource, obj, status_of)
    async for event in cluster.watch(collection, Query(version=page.version)):
        if event.type in ("ADDED", "MODIFIED"):
            await _answer(stage, resource, event.object, status_of)


async def _answer(stage: Stage, resource: Resource, obj: Json, status_of: Callable[[Json], Json]) -> None:
    status = status_of(obj)
    if obj.get("status") != status:
        await stage.patch({"status": status}, name=obj["metadata"]["name"], resource=resource, subresource="status")


def on_nodes(daemon_set: Json) -> Json:
    """The status of a DaemonSet whose pods run: one a node, none where its pods are kept off all of them."""
    chosen = daemon_set["spec"]["template"]["spec"].get("nodeSelector") or {}
    count = 0 if OFF in chosen else NODES
    counted = ("currentNumberScheduled", "desiredNumberScheduled", "numberAvailable", "numberReady")
    status: Json = dict.fromkeys((*counted, "updatedNumberScheduled"), count)
    return {**status, "numberMisscheduled": 0, "observedGeneration": daemon_set["metadata"]["generation"]}


def revised(service: Json) -> Json:
    """The status of a Knative Service: a revision a template, and traffic as its spec wants it."""
    image = service["spec"]["template"]["spec"]["containers"][0]["image"]
    newest = f"{service['metadata']['name']}-{image.replace(':', '-')}"
    wanted = service["spec"].get("traffic") or [{"latestRevision": True, "percent": 100}]
    traffic = [{**({"revisionName": newest} if to.get("latestRevision") else {}), **to} for to in wanted]
    return {"latestCreatedRevisionName": newest, "latestReadyRevisionName": newest, "traffic": traffic}
