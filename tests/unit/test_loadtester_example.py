"""examples/loadtester and docs/loadtester.md: the webhooks of the one run, the lists of the other are complete."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from rollouts.cli.loadtester import LOAD
from rollouts.loadtester.kinds import KINDS, LOAD_FIELDS
from rollouts.loadtester.payload import read
from rollouts.loadtester.settings import Settings
from tests.builders.loadtesters import Caller, a_load_tester
from tests.builders.servers import serving

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "loadtester"
PAGE = (ROOT / "docs" / "loadtester.md").read_text()
SERVICE, TARGET = "http://flagger-loadtester.test", "http://podinfo-canary.test:9898"


def webhooks() -> dict[str, dict[str, Any]]:
    """The webhooks of the example, by name."""
    canary = yaml.safe_load((EXAMPLE / "canary.yaml").read_text())
    return {webhook["name"]: webhook for webhook in canary["spec"]["analysis"]["webhooks"]}


async def called(caller: Caller, name: str, target: str) -> tuple[int, str]:
    """The answer to a webhook, with this service in the place of the canary's."""
    webhook = webhooks()[name]
    metadata = {key: value.replace(TARGET, target) for key, value in webhook.get("metadata", {}).items()}
    if "cmd" in metadata:
        metadata["cmd"] = metadata["cmd"].replace("sluice load", "${PATH##*:}/hey")  # no script of ours is on PATH here
    return await caller.post(webhook["url"].removeprefix(SERVICE), {**gate(), "metadata": metadata})


def gate() -> dict[str, str]:
    """Whose gate."""
    found: dict[str, str] = json.loads((EXAMPLE / "gate.json").read_text())
    return found


async def test_the_webhooks_of_the_example_are_answered() -> None:
    """Gates closed until they are opened, the smoke test by its outcome, the load at once."""
    app = web.Application()
    health = {"code": 200}

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=health["code"])

    app.router.add_get("/{path:.*}", answer)
    async with serving(app) as target, a_load_tester(load=LOAD) as caller:
        assert await called(caller, "ask-first", target) == (403, "Forbidden")
        assert (await caller.post("/gate/open", gate()))[0] == 202
        assert await called(caller, "ask-first", target) == (200, "Approved")
        assert await called(caller, "send-back", target) == (403, "Forbidden")
        assert await called(caller, "smoke-test", target) == (200, "")
        assert await called(caller, "load", target) == (202, "")
        health["code"] = 500
        assert (await called(caller, "smoke-test", target))[0] == 500


def test_the_page_names_every_type_and_field() -> None:
    """A new one comes with its line."""
    rows = "\n".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))

    assert set(re.findall(r"`(\w+)`", rows)) >= set(KINDS)
    assert {name for name in LOAD_FIELDS if f"`{name}`" not in PAGE} == set()
    assert f"`{Settings().gates_name}`" in PAGE


def test_the_page_tells_the_limits_as_they_are() -> None:
    """Numbers that move take the page along."""
    usual = Settings()

    assert f"{usual.running} tasks in the background run at once" in PAGE
    assert f"{usual.waiting} more wait" in PAGE
    assert f"`-port` ({usual.port};" in PAGE


def test_payloads_on_the_page_are_read() -> None:
    """What is to be typed names a gate."""
    typed = re.findall(r"curl -d '(.*?)'", PAGE)

    assert [read(payload.encode()).canary for payload in typed] == ["podinfo.test"]
