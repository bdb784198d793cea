"""What `metadata.type` may be, a row each: how its task is made, and whether callers wait for it. Called by server."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from rollouts.loadtester import concord, ngrinder
from rollouts.loadtester.commands import Outcome, run
from rollouts.loadtester.errors import PayloadError
from rollouts.loadtester.payload import Payload
from rollouts.loadtester.services import Services
from rollouts.loadtester.tasks import Task, Work

USUAL = "cmd"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tasks work with: their environment, seconds that each may take, and the command line of our own load."""

    env: Mapping[str, str]
    timeout: float
    load: Sequence[str]
    services: Services


@dataclass(frozen=True, slots=True)
class Order:
    """What a payload asks for: `title` names it in logs, and tells it from other orders of the same canary."""

    title: str
    work: Work


@dataclass(frozen=True, slots=True)
class Kind:
    """One type. `is_awaited`: the caller gets the outcome; otherwise 202 at once, and never hears of it."""

    order: Callable[[Payload, Surroundings], Order]
    is_awaited: bool


def kind_of(payload: Payload) -> tuple[str, Kind]:
    """The type that a payload asks for, and its name."""
    name = payload.metadata.get("type", USUAL)
    kind = KINDS.get(name)
    if kind is None:
        raise PayloadError(f"unknown task type {name}: known are {', '.join(KINDS)}")
    return name, kind


def task_of(payload: Payload, name: str, kind: Kind, around: Surroundings) -> Task:
    """The task of a payload. What is awaited is another task in another run of the canary; what is not, the same."""
    order = kind.order(payload, around)
    run_of_it = payload.checksum if kind.is_awaited else ""
    key = (payload.canary, name, order.title, run_of_it)
    return Task(name, payload.canary, order.title, key, order.work, payload.has("logCmdOutput") or kind.is_awaited)


def _shell(shell: str, payload: Payload, around: Surroundings) -> Order:
    (command,) = payload.needed("cmd")
    return _order(command, (shell, "-c", command), around)


def _program(names: Sequence[str], payload: Payload, around: Surroundings) -> Order:
    """A program with the command's words as arguments: no shell reads them, so no quotes are read either."""
    (command,) = payload.needed("cmd")
    path = around.env.get("PATH")
    program = next((name for name in names if shutil.which(name, path=path)), names[0])
    return _order(command, (program, *command.split()), around)


def _load(payload: Payload, around: Surroundings) -> Order:
    (url,) = payload.needed("url")
    flags = [f"--{flag}={payload.metadata[name]}" for name, flag in LOAD_FIELDS.items() if name in payload.metadata]
    return _order(" ".join(("load", *flags, url)), (*around.load, *flags, "--", url), around)


def _concord(payload: Payload, around: Surroundings) -> Order:
    process = concord.process_of(payload)
    title = " ".join(payload.metadata[name] for name in ("org", "project", "repo", "entrypoint"))
    return Order(title, partial(concord.play, process, around.services))


def _ngrinder(payload: Payload, around: Surroundings) -> Order:
    test = ngrinder.test_of(payload)
    return Order(f"{test.url}/{test.clone}", partial(ngrinder.play, test, around.services, around.timeout))


def _order(title: str, words: Sequence[str], around: Surroundings) -> Order:
    async def work() -> Outcome:
        return await run(words, around.env, around.timeout)

    return Order(title, work)


LOAD_FIELDS = {
    "duration": "duration",
    "requests": "requests",
    "concurrency": "concurrency",
    "rate": "rate",
    "method": "method",
    "body": "data",
    "contentType": "content-type",
    "host": "host",
}
"""Fields of the metadata of `load`, and the flags of `sluice load` that they are."""

KINDS: Mapping[str, Kind] = {
    "cmd": Kind(partial(_shell, "sh"), is_awaited=False),
    "bash": Kind(partial(_shell, "bash"), is_awaited=True),
    "helm": Kind(partial(_program, ("helm",)), is_awaited=True),
    "helmv3": Kind(partial(_program, ("helmv3", "helm")), is_awaited=True),
    "kubectl": Kind(partial(_program, ("kubectl",)), is_awaited=True),
    "concord": Kind(_concord, is_awaited=True),
    "ngrinder": Kind(_ngrinder, is_awaited=False),
    "load": Kind(_load, is_awaited=False),
}
