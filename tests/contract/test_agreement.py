"""Contract: the store and a real API server, given the same random writes, come to the same objects.

Each run draws creates, applies, patches of every type, writes to subresources, replaces and deletes by three managers
on one object, does them to both and compares the answers: content, generation, owners of fields, reasons of refusals.
A failing run prints its seed. Two ways of the real server are not followed, and skipped here: an apply that lets go
of the last key of a map whose empty form somebody owns leaves a null behind, which may fail its own validation; and
replicas below zero have a fault of their own besides the schema's.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rollouts.cluster.errors import ClusterError, ConflictError
from rollouts.cluster.kinds import DEPLOYMENTS
from rollouts.cluster.port import Cluster, CreateOptions, Json, Patch, PatchType
from rollouts.simulator.store import Store
from tests.contract.builders import WIDGETS, Bench
from tests.contract.implementations import NOON, Place, prepared, the_real_one

WRITES = 150
_SERVERS_OWN = ("uid", "resourceVersion", "creationTimestamp", "namespace", "deletionTimestamp", "generation")


class Draw:
    """Random bodies and writes, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def maybe(self, chance: float, make: Callable[[], Any]) -> list[Any]:
        """The made thing, or nothing."""
        return [make()] if self._dice.random() < chance else []

    def pick(self, *options: Any) -> Any:
        """One of these."""
        return self._dice.choice(options)

    def some(self, names: str) -> list[str]:
        """Some of these letters, in any order."""
        return self._dice.sample(names, self._dice.randint(0, len(names)))

    def named(self, names: str) -> Json:
        """A map from some of these letters to one of two values."""
        return {name: self.pick("1", "2") for name in self.some(names)}

    def record(self, chance: float, **makers: Callable[[], Any]) -> Json:
        """A map with some of these fields."""
        return {name: value for name, make in makers.items() for value in self.maybe(chance, make)}

    def item(self, name: str) -> Json:
        """An item of a widget's list-map."""
        return {"name": name, **self.record(0.4, value=lambda: self.pick("1", "2"), port=lambda: self.pick(80, 90))}

    def meta(self) -> Json:
        """Labels, annotations and finalizers."""
        return self.record(
            0.25,
            labels=lambda: self.named("abc"),
            annotations=lambda: self.named("abc"),
            finalizers=lambda: [f"a.dev/{name}" for name in self.some("xy")],
        )

    def widget(self) -> Json:
        """A widget's spec."""
        return self.record(
            0.35,
            replicas=lambda: self.pick(1, 2, None, 101),
            size=lambda: self.pick("small", "large"),
            colour=lambda: self.pick("red", "blue", None),
            items=lambda: [self.item(name) for name in self.some("xyz")],
            tags=lambda: self.some("pqr"),
            steps=lambda: [len(self.some("ab"))],
            labels=lambda: self.named("abc"),
            whole=lambda: self.named("abc"),
            open=lambda: self.pick({"a": 1}, {"a": {"b": [1]}}, {"c": None}, {}),
            nested=lambda: self.pick({"must": "m"}, {"must": "m", "may": "n"}, {}),
        )

    def container(self, name: str) -> Json:
        """A container, named for a letter."""
        port = self.pick(80, 90)
        ports = {"containerPort": port, **self.record(0.5, name=lambda: f"p{port}")}
        return {
            "name": name,
            "image": self.pick("i:1", "i:2"),
            **self.record(
                0.35,
                env=lambda: [{"name": one, "value": self.pick("1", "2")} for one in self.some("ABC")],
                ports=lambda: [ports],
                args=lambda: self.some("ab"),
                resources=lambda: {"limits": self.record(0.5, cpu=lambda: "1", memory=lambda: "2")},
                volumeMounts=lambda: [{"name": "v", "mountPath": f"/{one}"} for one in self.some("ab")],
            ),
        }

    def pod_spec(self) -> Json:
        """The spec of a Deployment's pods."""
        containers = [self.container(name) for name in self.some("uvw")] or [self.container("u")]
        grace = self.record(
            0.2, terminationGracePeriodSeconds=lambda: self.pick(10, 20), nodeSelector=lambda: {"a": "1"}
        )
        return {"containers": containers, "volumes": [{"name": "v", "emptyDir": {}}], **grace}

    def deployment(self) -> Json:
        """A Deployment's spec: paused, without pods."""
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": self.pick(1, "50%")}}
        template = {"metadata": {"labels": {"app": "o", **self.named("b")}}, "spec": self.pod_spec()}
        return {
            **{"paused": True, "replicas": 0, "selector": {"matchLabels": {"app": "o"}}, "template": template},
            **self.record(0.25, strategy=lambda: rolling, minReadySeconds=lambda: 5),
        }


class Pair:
    """One object on the store and on the real server; every write is done to both."""

    def __init__(self, draw: Draw, real: Bench, ours: Bench) -> None:
        self.draw, self.real, self.ours = draw, real, ours
        self.is_custom = real.resource == WIDGETS

    async def write(self) -> tuple[str, Json, Json]:
        """Draw a write, do it to both; what it was and both answers."""
        told, act = self._drawn()
        return told, await _answer(act, self.real), await _answer(act, self.ours)

    async def clear(self) -> None:
        """Begin anew: neither has the object."""
        for bench in (self.real, self.ours):
            for act in (_without_finalizers, _deleted):
                await _answer(act, bench)

    def _drawn(self) -> tuple[str, Callable[[Bench], Any]]:
        manager, spec = self.draw.pick("one", "two", "three"), self._spec()
        body: Json = {"metadata": self.draw.meta(), "spec": spec}
        whole = {
            "apiVersion": self.real.resource.api_version,
            "kind": self.real.resource.kind,
            **body,
            "metadata": {**body["metadata"], "name": "o"},
        }
        is_forced, status = (
            self.draw.pick(True, False),
            {"status": self.draw.pick({"phase": "A"}, {"replicas": 2}, None)},
        )
        acts: dict[str, Callable[[Bench], Any]] = {
            "create": lambda bench: bench.create(whole, manager),
            "apply": lambda bench: bench.apply(whole, manager, is_forced=is_forced),
            "merge": lambda bench: bench.merge("o", body, manager=manager),
            "replace": lambda bench: _replaced(bench, whole, manager),
            "delete": _deleted,
            "unfinalize": _without_finalizers,
        }
        if self.is_custom:
            acts["status"] = lambda bench: bench.merge("o", status, "status", manager)
            replicas = {"spec": {"replicas": self.draw.pick(0, 4)}}
            acts["scale"] = lambda bench: _scaled(bench, replicas, manager)
        else:
            patch = Patch(PatchType.STRATEGIC, {**body, "spec": {"template": spec["template"]}}, manager)
            acts["strategic"] = lambda bench: bench.cluster.patch(bench.at("o"), patch)
        name = self.draw.pick(*acts, "apply", "apply", "merge", "strategic" if "strategic" in acts else "status")
        return f"{name} by {manager}, forced {is_forced}: {json.dumps(whole)}", acts[name]

    def _spec(self) -> Json:
        return self.draw.widget() if self.is_custom else self.draw.deployment()


async def _deleted(bench: Bench) -> Json:
    await bench.cluster.delete(bench.at("o"))
    return {}


async def _without_finalizers(bench: Bench) -> Json:
    return await bench.merge("o", {"metadata": {"finalizers": None}})


async def _replaced(bench: Bench, body: Json, manager: str) -> Json:
    version = (await bench.get("o"))["metadata"]["resourceVersion"]
    options = CreateOptions(manager=manager)
    newer = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
    return await bench.cluster.replace(bench.at("o"), newer, options)


async def _scaled(bench: Bench, body: Json, manager: str) -> Json:
    await bench.merge("o", body, "scale", manager)
    return await bench.get("o")


async def _answer(act: Callable[[Bench], Any], bench: Bench) -> Json:
    try:
        return _comparable(await act(bench), bench)
    except ClusterError as error:
        causes = (error.status.get("details") or {}).get("causes") or []
        told = sorted({(one["field"], one["message"]) for one in causes if one.get("field") != "<nil>"})
        return {"refused": type(error).__name__, "causes": told, "message": error.message if not told else ""}


def _comparable(obj: Json, bench: Bench) -> Json:
    meta = {name: value for name, value in obj.get("metadata", {}).items() if name not in _SERVERS_OWN}
    entries = [
        {**one, "time": ""} for one in meta.pop("managedFields", []) if one["manager"] != "kube-controller-manager"
    ]
    meta["owners"] = sorted(entries, key=lambda one: (one["manager"], one["operation"], one.get("subresource", "")))
    annotations = meta.pop("annotations", {})
    meta["annotations"] = {key: value for key, value in annotations.items() if "deployment.kubernetes.io" not in key}
    if bench.resource == WIDGETS:
        meta["generation"] = obj.get("metadata", {}).get("generation")
    kept = {name: value for name, value in obj.items() if name != "status" or bench.resource == WIDGETS}
    return {**kept, "metadata": meta}


def _is_passed_over(real: Json) -> bool:
    """The real server's own ways, and writes that its Deployment controller came before."""
    is_emptied = "kind" in real and real.get("spec") is None
    is_overtaken = real.get("refused") == ConflictError.__name__ and not real["causes"]
    return is_overtaken or is_emptied or '"null"' in str(real.get("causes"))


def _differences(ours: Any, real: Any, path: str = "") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(real, dict):
        for name in sorted(ours.keys() | real.keys()):
            yield from _differences(ours.get(name), real.get(name), f"{path}.{name}")
    elif ours != real:
        yield f"{path}: {json.dumps(ours)} here, {json.dumps(real)} there"


async def _compare(pair: Pair, seed: int) -> int:
    compared = 0
    for turn in range(WRITES):
        told, real, ours = await pair.write()
        if _is_passed_over(real):
            await pair.clear()
            continue
        assert list(_differences(ours, real)) == [], f"seed {seed}, write {turn}: {told}"
        compared += 1
    return compared


@pytest.mark.e2e
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("resource", [WIDGETS, DEPLOYMENTS], ids=lambda one: one.plural)
async def test_store_and_api_server_agree(resource: Any, seed: int) -> None:
    """Whatever is written, by whom and how, both answer alike."""
    store: Cluster = Store(lambda: NOON)
    place: Place
    async with the_real_one() as place, prepared(store) as namespace:
        pair = Pair(Draw(seed), Bench(place.cluster, resource, place.namespace), Bench(store, resource, namespace))
        compared = await _compare(pair, seed)
        await pair.clear()

    assert compared > WRITES // 2
