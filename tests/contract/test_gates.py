"""Contract: the gates of load testers, kept in a ConfigMap by whatever form of the cluster."""

import asyncio

import pytest

from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.port import Cluster, Patch, PatchType, Target
from rollouts.loadtester.gates import OPEN, ClusterGates, Gate

GATE, ROLLBACK = Gate("gate", "podinfo.test"), Gate("rollback", "podinfo.test")


def kept(namespace: str) -> Target:
    """Where they lie."""
    return Target(CONFIG_MAPS, "gates", namespace)


async def test_a_gate_is_closed_until_somebody_opens_it(cluster: Cluster, namespace: str) -> None:
    """Nothing is written by a question, nor by closing what is closed."""
    gates = ClusterGates(cluster, kept(namespace))

    await gates.turn(GATE, is_open=False)
    assert not await gates.is_open(GATE)
    with pytest.raises(NotFoundError):
        await cluster.get(kept(namespace))


async def test_replicas_share_a_gate(cluster: Cluster, namespace: str) -> None:
    """What one replica opens stands open for another, and for one that starts later; so does what it closes."""
    one, other = ClusterGates(cluster, kept(namespace)), ClusterGates(cluster, kept(namespace))

    await one.turn(GATE, is_open=True)
    assert await other.is_open(GATE)
    assert not await other.is_open(ROLLBACK)
    await other.turn(GATE, is_open=False)
    assert not await one.is_open(GATE)
    assert not await ClusterGates(cluster, kept(namespace)).is_open(GATE)


async def test_a_closed_gate_leaves_nothing_behind(cluster: Cluster, namespace: str) -> None:
    """Only open gates are kept, and what others wrote beside them stays."""
    gates = ClusterGates(cluster, kept(namespace))
    await gates.turn(GATE, is_open=True)
    await gates.turn(ROLLBACK, is_open=True)
    await cluster.patch(kept(namespace), Patch(PatchType.MERGE, {"data": {"note": "ours"}}))
    await gates.turn(GATE, is_open=False)

    assert (await cluster.get(kept(namespace)))["data"] == {ROLLBACK.key: OPEN, "note": "ours"}


async def test_a_gate_that_is_as_it_should_be_is_not_written(cluster: Cluster, namespace: str) -> None:
    """Opening it again changes nothing."""
    gates = ClusterGates(cluster, kept(namespace))
    await gates.turn(GATE, is_open=True)
    before = (await cluster.get(kept(namespace)))["metadata"]["resourceVersion"]
    await gates.turn(GATE, is_open=True)

    assert (await cluster.get(kept(namespace)))["metadata"]["resourceVersion"] == before


async def test_no_change_is_lost_among_many_at_once(cluster: Cluster, namespace: str) -> None:
    """Three replicas open eight gates each at the same moment, from nothing, and all of them stand open."""
    replicas = [ClusterGates(cluster, kept(namespace)) for _ in range(3)]
    opened = {Gate("gate", f"app-{number}.team-{index}") for number in range(8) for index in range(3)}
    await asyncio.gather(
        *(replicas[int(gate.canary[-1])].turn(gate, is_open=True) for gate in opened),
    )

    assert (await cluster.get(kept(namespace)))["data"] == {gate.key: OPEN for gate in opened}


async def test_a_person_may_turn_gates_with_kubectl(cluster: Cluster, namespace: str) -> None:
    """A key with the value open is an open gate; any other value is none."""
    gates = ClusterGates(cluster, kept(namespace))
    await gates.turn(ROLLBACK, is_open=True)
    await cluster.patch(kept(namespace), Patch(PatchType.MERGE, {"data": {GATE.key: "yes"}}))
    assert not await gates.is_open(GATE)
    await cluster.patch(kept(namespace), Patch(PatchType.MERGE, {"data": {GATE.key: "open"}}))

    assert await gates.is_open(GATE)
