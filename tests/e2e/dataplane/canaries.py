"""The scenarios of Canaries: what is generated around a Deployment, while requests come in. Called by stories.

Two Deployments serve at once, so no split is judged here: the primary itself turns from one version into the other
while it has its part of the requests. That no request is lost, is.
"""

import asyncio

from rollouts.cluster.port import Json
from tests.e2e.dataplane.backends import PORT
from tests.e2e.dataplane.gateways import GATEWAY, ROUTE
from tests.e2e.dataplane.load import Session
from tests.e2e.dataplane.manifests import NAME, a_rollout, an_object
from tests.e2e.dataplane.plays import Play

INTERVAL = 5
"""Seconds between two ticks: Traefik may take two of them to take a weight in."""


STICKY: Json = {"interval": "10s", "maxWeight": 25, "sessionAffinity": {"cookieName": "lot", "maxAge": 60}}
"""Of an analysis: one weight, long enough for many requests, and users who stay with their version."""

ASKED = 200
FOUND = 20.0
"""Seconds within which a gateway has taken a cookie in, or back."""


def delivered(story: str, **fields: object) -> list[Json]:
    """A Deployment like the rollouts of the other scenarios, and its Canary: by a quarter to a half, or as it says."""
    spec = {key: value for key, value in a_rollout({})["spec"].items() if key != "strategy"}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}
    parent = {"name": GATEWAY, "namespace": "default"}
    service = {"port": 80, "targetPort": PORT, "hosts": [ROUTE.host(story)], "gatewayRefs": [parent]}
    analysis = {"interval": f"{INTERVAL}s", "threshold": 2, "stepWeight": 25, "maxWeight": 50, **fields}
    wanted = {"provider": "gatewayapi:v1", "targetRef": target, "service": service, "analysis": analysis}
    return [
        an_object("apps/v1", "Deployment", NAME, spec),
        an_object("flagger.app/v1beta1", "Canary", NAME, wanted),
    ]


async def begun(play: Play) -> None:
    """Until the primary serves."""
    await play.canary_comes("Initialized")


async def is_promoted(play: Play) -> None:
    """The new version gets its parts, then becomes the primary, which gets everybody back."""
    await play.release(2)
    await play.canary_comes("Succeeded")


async def is_taken_back(play: Play) -> None:
    """Its user takes the new version back as soon as it has a part."""
    await play.release(2)
    await play.canary_comes_to_weight(50)
    await play.release(1)
    await play.canary_comes("Failed")


async def holds_users(play: Play) -> None:
    """Who has the cookie of a lot is with the new version in every answer, until the run is over and takes it back."""
    await play.release(2)
    await play.canary_comes_to_weight(25)
    async with Session(headers={"host": ROUTE.host(play.stage.name)}) as session:
        cookie = await _given(session, "")
        versions = {(await _asked(session, cookie))[0] for _ in range(ASKED)}
        assert versions == {"v2"}, f"who has {cookie} was sent to {versions}"
        await play.canary_comes("Succeeded")
        taken = await _given(session, cookie)
        assert taken == cookie, taken


async def _given(session: Session, cookie: str) -> str:
    """The cookie that the next answer with one sets, or takes back from who has it."""
    wanted = "Max-Age=-1" if cookie else "Max-Age=60"
    async with asyncio.timeout(FOUND):
        while wanted not in (setting := (await _asked(session, cookie))[1]):  # noqa: ASYNC110  # a gateway rings no bell
            await asyncio.sleep(0.02)
    return setting.partition(";")[0]


async def _asked(session: Session, cookie: str) -> tuple[str, str]:
    """The version that answers, and the cookie that it sets."""
    async with session.get(ROUTE.url, headers={"cookie": cookie} if cookie else {}) as response:
        return (await response.text()).partition(" ")[0], response.headers.get("set-cookie", "")
