"""A process of Concord, started and waited for. Called by kinds.

The key of its API is read at each request from the file that `apiKeyPath` names, so a new one is taken at once.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rollouts.loadtester.commands import Outcome
from rollouts.loadtester.errors import FailedError, PayloadError
from rollouts.loadtester.payload import Payload
from rollouts.loadtester.services import Services, base_of

_NEEDED = ("server", "org", "project", "repo", "entrypoint", "apiKeyPath", "endpoint")
_ARGUMENTS = "arguments."
_PATH = "/api/v1/process"


@dataclass(frozen=True, slots=True)
class Process:
    """What to start, where, and for how long it is waited for; times are in seconds."""

    url: str
    key_file: Path
    form: dict[str, str]
    interval: float
    patience: float


def process_of(payload: Payload) -> Process:
    """The process that a payload asks for; PayloadError names what is missing or wrong."""
    server, org, project, repo, entry, key_file, endpoint = payload.needed(*_NEEDED)
    parts = urlsplit(base_of(server))
    if f"{_ARGUMENTS}endpoint" in payload.metadata:
        raise PayloadError("metadata.arguments.endpoint: cannot be given; write it as metadata.endpoint")
    if not Path(key_file).is_file():
        raise PayloadError(f"metadata.apiKeyPath: there is no file {key_file} in the load tester")
    form = {"org": org, "project": project, "repo": repo, "entryPoint": entry, f"{_ARGUMENTS}endpoint": endpoint}
    form |= {name: value for name, value in payload.metadata.items() if name.startswith(_ARGUMENTS)}
    return Process(
        f"{parts.scheme}://{parts.netloc}{_PATH}",
        Path(key_file),
        form,
        _seconds(payload, "pollInterval", 5),
        _seconds(payload, "pollTimeout", 30),
    )


async def play(process: Process, services: Services) -> Outcome:
    """Start it and ask how it does, until it has ended or the time is over."""
    instance = (await _ask(process, services, "POST", process.url, process.form)).get("instanceId")
    if not instance:
        return Outcome(error=f"{process.url} has started no process")
    try:
        async with asyncio.timeout(process.patience):
            return await _followed(process, services, f"{process.url}/{instance}")
    except TimeoutError:
        return Outcome(error=f"concord process timed out, after {process.patience:g} seconds")


async def _followed(process: Process, services: Services, url: str) -> Outcome:
    while True:
        await asyncio.sleep(process.interval)
        match (await _ask(process, services, "GET", url)).get("status"):
            case "FINISHED":
                return Outcome()
            case "FAILED" | "CANCELLED" | "TIMED_OUT" as status:
                return Outcome(error=f"concord instanceID: {url.rpartition('/')[2]} {status.lower()}")
            case _:
                continue


async def _ask(
    process: Process, services: Services, method: str, url: str, form: dict[str, str] | None = None
) -> dict[str, Any]:
    try:
        key = process.key_file.read_text().strip()  # a few bytes of a mounted Secret
    except OSError as error:
        raise FailedError(f"{process.key_file} cannot be read: {error.strerror or error}") from error
    return await services.ask(method, url, {"Authorization": key} if key else {}, form)


def _seconds(payload: Payload, name: str, usual: int) -> float:
    text = payload.metadata.get(name, str(usual))
    if not text.isdecimal() or int(text) == 0:
        raise PayloadError(f"metadata.{name}: {text} is no whole number of seconds")
    return float(text)
