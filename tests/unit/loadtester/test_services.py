"""Concord and nGrinder, played by servers on loopback."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from rollouts.loadtester import concord, ngrinder
from rollouts.loadtester.commands import Outcome
from rollouts.loadtester.errors import FailedError, PayloadError
from rollouts.loadtester.payload import Payload
from rollouts.loadtester.services import Services
from tests.builders.loadtesters import a_load_tester
from tests.builders.servers import serving

CONCORD = {"org": "o", "project": "p", "repo": "r", "entrypoint": "e", "endpoint": "http://shop"}
NGRINDER = {"clone": "7", "username": "me", "passwd": "c2VjcmV0", "pollInterval": "1ms"}


@dataclass
class Service:
    """Answers each question about a status by the next of `statuses`, the last one over and over."""

    statuses: list[Any]
    started: Any
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """Note it, and answer."""
        told = request.headers.get("Authorization", "")
        self.asked.append(f"{request.method} {request.path_qs} {told}".strip())
        if request.method == "POST":
            if request.content_type == "multipart/form-data":
                self.forms.append({name: str(value) for name, value in (await request.post()).items()})
            return web.json_response(self.started)
        status = self.statuses[0] if len(self.statuses) == 1 else self.statuses.pop(0)
        return status if isinstance(status, web.Response) else web.json_response(status)


@asynccontextmanager
async def playing(service: Service) -> AsyncIterator[tuple[str, Services]]:
    """Its address, and what asks it."""
    app, services = web.Application(), Services()
    app.router.add_route("*", "/{path:.*}", service.answer)
    async with serving(app) as url:
        yield url, services
        await services.close()


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The file with Concord's key."""
    (tmp_path / "key").write_text("secret\n")
    return str(tmp_path / "key")


async def followed(service: Service, key: str, interval: float = 0.001, patience: float = 30.0) -> Outcome:
    """What becomes of a process of Concord."""
    async with playing(service) as (url, services):
        asked = concord.process_of(Payload(metadata={**CONCORD, "server": url, "apiKeyPath": key, "arguments.n": "1"}))
        process = concord.Process(asked.url, asked.key_file, asked.form, interval, patience)
        return await concord.play(process, services)


async def test_a_process_of_concord_is_started_and_followed(key: str) -> None:
    """With its form, its arguments and the key, until it has finished."""
    service = Service([{"status": "RUNNING"}, {"status": "FINISHED"}], {"instanceId": "i-1"})

    assert await followed(service, key) == Outcome()
    fields = {"org": "o", "project": "p", "repo": "r", "entryPoint": "e"}
    assert service.forms == [fields | {"arguments.endpoint": "http://shop", "arguments.n": "1"}]
    following = "GET /api/v1/process/i-1 secret"
    assert service.asked == ["POST /api/v1/process secret", following, following]


@pytest.mark.parametrize(
    ("statuses", "started", "error"),
    [
        ([{"status": "FAILED"}], {"instanceId": "i-1"}, "concord instanceID: i-1 failed"),
        ([{"status": "CANCELLED"}], {"instanceId": "i-1"}, "concord instanceID: i-1 cancelled"),
        ([], {"message": "no such project"}, "has started no process"),
    ],
)
async def test_a_process_that_fails_says_so(statuses: list[Any], started: Any, error: str, key: str) -> None:
    """Or that never began."""
    assert error in (await followed(Service(statuses, started), key)).error


async def test_a_process_has_its_time(key: str) -> None:
    """Then it counts as failed."""
    service = Service([{"status": "RUNNING"}], {"instanceId": "i-1"})

    outcome = await followed(service, key, patience=0.05)
    assert outcome.error == "concord process timed out, after 0.05 seconds"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (web.Response(status=401, text="who?"), "answered 401: who?"),
        (web.Response(text="<html>"), "something else than a JSON object: <html>"),
    ],
)
async def test_what_a_service_answers_instead_is_told(answer: web.Response, said: str, key: str) -> None:
    """With its address."""
    with pytest.raises(FailedError, match=said):
        await followed(Service([answer], {"instanceId": "i-1"}), key)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"org": ""}, "org not found in metadata"),
        ({"server": "concord"}, "metadata.server: concord is no address"),
        ({"apiKeyPath": "/nowhere"}, "metadata.apiKeyPath: there is no file /nowhere"),
        ({"pollInterval": "5s"}, "metadata.pollInterval: 5s is no whole number"),
        ({"arguments.endpoint": "x"}, "metadata.arguments.endpoint: cannot be given"),
    ],
)
def test_a_mistake_about_concord_is_named(change: dict[str, str], said: str, key: str) -> None:
    """Before anything is started."""
    with pytest.raises(PayloadError, match=said):
        concord.process_of(Payload(metadata={**CONCORD, "server": "http://c", "apiKeyPath": key, **change}))


def state(word: str) -> dict[str, Any]:
    """nGrinder's answer about a test."""
    return {"status": [{"status_id": word}]}


async def ground(service: Service, limit: float = 30.0) -> Outcome:
    """What becomes of a test of nGrinder."""
    async with playing(service) as (url, services):
        test = ngrinder.test_of(Payload(metadata={**NGRINDER, "server": url}))
        return await ngrinder.play(test, services, limit)


async def test_a_test_of_ngrinder_is_cloned_and_followed() -> None:
    """Over an answer that was lost, until it has finished."""
    lost = web.Response(status=502)
    service = Service([state("RUNNING"), lost, state("FINISHED")], {"id": 9})

    assert await ground(service) == Outcome()
    basic = "Basic bWU6c2VjcmV0"
    assert service.asked[:2] == [
        f"POST /perftest/api/7/clone_and_start {basic}",
        f"GET /perftest/api/9/status {basic}",
    ]
    assert len(service.asked) == 4


@pytest.mark.parametrize(
    ("service", "error"),
    [
        (lambda: Service([state("STOP_BY_ERROR")], {"id": 9}), "test 9 ended as STOP_BY_ERROR"),
        (lambda: Service([], {"sorry": 1}), "has started no test"),
    ],
)
async def test_a_test_that_fails_says_so(service: Callable[[], Service], error: str) -> None:
    """Or that never began."""
    assert error in (await ground(service())).error


async def test_a_test_beyond_its_time_is_stopped_there_too() -> None:
    """Its load would go on otherwise."""
    service = Service([state("RUNNING")], {"id": 9})

    assert (await ground(service, limit=0.05)).error == "test 9 timed out"
    assert service.asked[-1].startswith("PUT /perftest/api/9?action=stop")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clone": "x"}, "metadata.clone: x is no number"),
        ({"passwd": "*"}, "metadata.passwd: must be the password in base64"),
        ({"pollInterval": "often"}, "metadata.pollInterval: time: invalid duration"),
        ({"pollInterval": "0"}, "metadata.pollInterval: 0 is no time to wait"),
        ({"username": ""}, "username not found in metadata"),
    ],
)
def test_a_mistake_about_ngrinder_is_named(change: dict[str, str], said: str) -> None:
    """Before anything is started."""
    with pytest.raises(PayloadError, match=said):
        ngrinder.test_of(Payload(metadata={**NGRINDER, "server": "http://n", **change}))


async def test_callers_wait_for_concord_only() -> None:
    """nGrinder's test is in the background; what is wrong with either is told at once."""
    service = Service([state("FINISHED")], {"id": 9})
    async with playing(service) as (url, _), a_load_tester() as caller:
        assert await caller.run({**NGRINDER, "type": "ngrinder", "server": url}) == (202, "")
        code, text = await caller.run({**CONCORD, "type": "concord", "server": url})

    assert (code, text) == (400, "apiKeyPath not found in metadata")
