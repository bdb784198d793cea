"""docs/traffic.md says what providers do: what each can, what it writes, and what other tools are to ignore of that."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollouts.dialects.argo.rollout import parse
from rollouts.model.effects import PointService
from rollouts.model.objects import Json, ref_of
from rollouts.model.patches import difference
from rollouts.model.strategy import Canary
from rollouts.traffic.plugins import Plugin
from rollouts.traffic.protocol import Options, Provider
from rollouts.traffic.registry import PROVIDERS
from rollouts.workloads.services import point
from tests.builders.routed import EXTRA, documents, written

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "traffic.md").read_text(encoding="utf-8")
KEYS = {'plugins["argoproj-labs/gatewayAPI"]': "gatewayAPI", 'plugins["<name>"]': "plugin"}
FOLDERS = {
    "alb": ("alb-ingress",),
    "ambassador": ("ambassador-mapping",),
    "apisix": ("apisix-route",),
    "appMesh": ("appmesh",),
    "gatewayAPI": ("canary",),
    "istio": ("istio-hosts", "istio-subsets"),
    "nginx": ("nginx-ingress",),
    "plugin": ("router-plugin-program", "router-plugin-package"),
    "smi": ("smi-split",),
    "traefik": ("traefik-service",),
}
"""Each provider, plugins too, with its examples."""
every_router = pytest.mark.parametrize("name", sorted(FOLDERS))

Row = Mapping[str, str]


def table(heading: str) -> list[Row]:
    """The rows of the first table below a heading, by column."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def can() -> dict[str, Row]:
    """What the first table says of each provider."""
    rows = {row["key under `trafficRouting`"].strip("`"): row for row in table("What each router can do")}
    return {KEYS.get(key, key): row for key, row in rows.items() if key}


def the_rollout(folder: str) -> Json:
    """The rollout of an example."""
    return next(obj for obj in documents(folder) if obj["kind"] == "Rollout")


def provider_of(name: str) -> Provider:
    """The provider, or a plugin."""
    return PROVIDERS.get(name) or Plugin(name)


def test_every_provider_has_a_row() -> None:
    """No router joins the registry unnoticed; plugins come on top."""
    assert set(can()) == set(FOLDERS) == {*PROVIDERS, "plugin"}


@every_router
def test_every_row_has_its_examples(name: str) -> None:
    """Those whose rollout names this router."""
    assert tuple(re.findall(r"\[([\w-]+)\]\(\.\./examples", can()[name]["example"])) == FOLDERS[name]
    for folder in FOLDERS[name]:
        strategy = parse(the_rollout(folder)).strategy
        assert isinstance(strategy, Canary)
        (router,) = strategy.routers
        assert (router.provider if router.provider in PROVIDERS else "plugin") == name


def header_route(canary: Json) -> None:
    """A step that only some routers can carry out."""
    match = [{"headerName": "X-Tester", "headerValue": {"exact": "yes"}}]
    canary["trafficRouting"]["managedRoutes"] = [{"name": "testers"}]
    canary["steps"] = [{"setHeaderRoute": {"name": "testers", "match": match}}]


def mirror_route(canary: Json) -> None:
    """Another one."""
    canary["trafficRouting"]["managedRoutes"] = [{"name": "copies"}]
    match = [{"path": {"prefix": "/"}}]
    canary["steps"] = [{"setMirrorRoute": {"name": "copies", "match": match, "percentage": 10}}]


def experiment(canary: Json) -> None:
    """A share of the traffic for a version besides."""
    canary["steps"] = [
        {"experiment": {"duration": "5m", "templates": [{"name": "a", "specRef": "canary", "weight": 5}]}}
    ]


def ping_pong(canary: Json) -> None:
    """Two Services whose roles swap."""
    del canary["canaryService"], canary["stableService"]
    canary["pingPong"] = {"pingService": "shop-ping", "pongService": "shop-pong"}


def another_total(canary: Json) -> None:
    """A thousand parts."""
    canary["trafficRouting"]["maxTrafficWeight"] = 1000


ABILITIES: Mapping[str, Callable[[Json], None]] = {
    "header routes": header_route,
    "mirror routes": mirror_route,
    "experiments": experiment,
    "ping-pong": ping_pong,
    "another total": another_total,
}
"""Column: a change of the manifest that asks for it."""


@pytest.mark.parametrize("ability", sorted(ABILITIES))
@every_router
def test_what_a_router_cannot_do_is_refused(name: str, ability: str) -> None:
    """`no` where a manifest that asks for it is a mistake, `yes` where it is none."""
    manifest = the_rollout(FOLDERS[name][0])
    manifest["spec"]["strategy"]["canary"]["steps"] = [{"setWeight": 10}]
    assert parse(manifest).faults == ()
    ABILITIES[ability](manifest["spec"]["strategy"]["canary"])

    assert can()[name][ability] == ("no" if parse(manifest).faults else "yes")


@pytest.mark.parametrize("ability", ["header routes", "mirror routes", "experiments"])
@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_what_a_router_can_do_is_written(name: str, ability: str) -> None:
    """The step's route, or the experiment's Service, stands in the objects; where it cannot be, nothing of it does."""
    objects = documents(FOLDERS[name][0])
    (manifest,) = (obj for obj in objects if obj["kind"] == "Rollout")
    manifest["spec"]["strategy"]["canary"]["trafficRouting"].pop("managedRoutes", None)
    ABILITIES[ability](manifest["spec"]["strategy"]["canary"])
    found = written(objects, Options(), has_experiments=ability == "experiments")
    text = json.dumps([now for _, now in found.values()])

    word = {"header routes": "testers", "mirror routes": "copies", "experiments": EXTRA.service}[ability]
    assert can()[name][ability] == ("yes" if word in text else "no")


@every_router
def test_who_can_verify(name: str) -> None:
    """`yes`, and by whom, where the provider has more to say than that nobody can tell."""
    has_verify = "verify" in vars(type(provider_of(name)))  # the rest have Silent's

    assert can()[name]["verified"].partition(":")[0] == ("yes" if has_verify else "no")


def variants(name: str) -> Iterator[list[Json]]:
    """The examples of a provider, and the other kinds and lists that it writes to."""
    for folder in FOLDERS[name]:
        yield documents(folder)
    if name == "gatewayAPI":
        yield from map(_as_kind, ("grpc", "tcp", "tls"))
    if name == "istio":
        yield from map(_as_section, ("tls", "tcp"))


def _as_kind(kind: str) -> list[Json]:
    objects = documents("canary")
    for obj in objects:
        if obj["kind"] == "HTTPRoute":
            obj["kind"] = f"{kind.upper()}Route"
        if obj["kind"] == "Rollout":
            routing = obj["spec"]["strategy"]["canary"]["trafficRouting"]
            routing["plugins"] = {"argoproj-labs/gatewayAPI": {f"{kind}Route": "shop"}}
    return objects


def _as_section(section: str) -> list[Json]:
    objects = documents("istio-subsets")
    for obj in objects:
        if obj["kind"] == "VirtualService":
            match = {"port": 443, **({"sniHosts": ["shop.example"]} if section == "tls" else {})}
            obj["spec"][section] = [{"match": [match], **route} for route in obj["spec"].pop("http")]
    return objects


def pointers(body: Json, path: str = "") -> Iterator[str]:
    """JSON pointers to the leaves of a merge patch; lists are leaves."""
    for key, value in body.items():
        here = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, dict) and value:
            yield from pointers(value, here)
        else:
            yield here


def stands(obj: Json, pointer: str) -> bool:
    """Whether there is something at a place."""
    found: Any = obj
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True


@cache
def halfway(name: str) -> tuple[tuple[Json | None, Json], ...]:
    """All that a provider changes or makes in the middle of a canary; experiments where it gives them a part."""
    has_experiments = can()[name]["experiments"] == "yes"
    found = (written(objects, Options(), has_experiments=has_experiments) for objects in variants(name))
    return tuple(pair for one in found for pair in one.values())


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_what_is_written_into_whose_object(name: str) -> None:
    """The kinds of users' objects that are changed, and of those that are made."""
    (row,) = (row for row in table("What is written") if row["router"] == can()[name]["router"])
    told = [re.findall(r"`([A-Z]\w+)`", row[column]) for column in ("in your objects", "objects of the rollout's own")]

    assert set(told[0]) == {now["kind"] for before, now in halfway(name) if before is not None}
    assert set(told[1]) == {now["kind"] for before, now in halfway(name) if before is None}


Fields = dict[tuple[str, str], set[str]]
"""By group and kind: JSON pointers."""


def snippets() -> dict[str, Fields]:
    """What Argo CD and Flux are told to ignore."""
    told: dict[str, Fields] = {}
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL):
        obj = yaml.safe_load(block)
        fields = told.setdefault(obj["kind"], {})
        for rule in obj["spec"].get("ignoreDifferences", []):
            fields.setdefault((rule["group"], rule["kind"]), set()).update(rule["jsonPointers"])
        for rule in obj["spec"].get("ignore", []):
            target = rule["target"]
            fields.setdefault((target.get("group", ""), target["kind"]), set()).update(rule["paths"])
    return told


def changed() -> Iterator[tuple[tuple[str, str], str, Json]]:
    """Group and kind, pointer, and the object as Git has it, for each field that rollouts write into users' objects."""
    for name in PROVIDERS:
        for before, now in halfway(name):
            if before is not None:
                for pointer in pointers(difference(before, now)):
                    yield (ref_of(now).api_version.rpartition("/")[0], now["kind"]), pointer, before
    for service in (obj for obj in documents("canary") if obj["kind"] == "Service"):
        pointed = point(PointService("shop-stable", "abc"), parse(the_rollout("canary")))
        yield from ((("", "Service"), pointer, service) for pointer in pointers(pointed.body))


def test_both_tools_are_told_the_same() -> None:
    """The same fields of the same kinds."""
    assert snippets()["Application"] == snippets()["Kustomization"]


@pytest.mark.parametrize("tool", ["Application", "Kustomization"])
def test_what_git_names_and_a_rollout_writes_is_ignored(tool: str) -> None:
    """Every such field lies at or below a pointer of its kind."""
    told = snippets()[tool]
    missed = {
        (kind, pointer)
        for kind, pointer, git in changed()
        if stands(git, pointer) and not any(f"{pointer}/".startswith(f"{one}/") for one in told.get(kind, ()))
    }

    assert missed == set()


@pytest.mark.parametrize("tool", ["Application", "Kustomization"])
def test_nothing_is_ignored_that_no_rollout_writes(tool: str) -> None:
    """Every pointer leads to a field that is written, or that holds one."""
    written_fields = {(kind, pointer) for kind, pointer, _ in changed()}
    idle = {
        (kind, one)
        for kind, told in snippets()[tool].items()
        for one in told
        if not any(kind == there and f"{pointer}/".startswith(f"{one}/") for there, pointer in written_fields)
    }

    assert idle == set()
