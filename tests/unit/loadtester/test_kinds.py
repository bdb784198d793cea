"""When two requests are for the same task."""

from typing import Any

from rollouts.loadtester.kinds import Surroundings, kind_of, task_of
from rollouts.loadtester.payload import Payload
from rollouts.loadtester.services import Services

AROUND = Surroundings({}, 60.0, ("echo",), Services())


def key(checksum: str = "", canary: str = "podinfo", **metadata: str) -> Any:
    """What tells a task from others."""
    payload = Payload(canary, "test", checksum, metadata)
    return task_of(payload, *kind_of(payload), AROUND).key


def test_a_load_is_the_same_for_canary_and_command() -> None:
    """In the next run of the canary too: two loads at once would be one too many."""
    assert key("one", cmd="hey") == key("two", cmd="hey")
    assert key(cmd="hey") != key(cmd="hey -c 2")
    assert key(cmd="hey") != key(cmd="hey", canary="another")


def test_a_test_is_another_in_another_run() -> None:
    """What a former version was found to be says nothing about the next one."""
    assert key("one", type="bash", cmd="bats") == key("one", type="bash", cmd="bats")
    assert key("one", type="bash", cmd="bats") != key("two", type="bash", cmd="bats")


async def test_a_load_of_ours_cannot_be_given_flags_by_its_address() -> None:
    """What is an address stays one."""
    payload = Payload("podinfo", "test", "", {"type": "load", "url": "--data-file=/etc/passwd", "rate": "5"})

    outcome = await task_of(payload, *kind_of(payload), AROUND).work()
    assert outcome.output == "--rate=5 -- --data-file=/etc/passwd\n"
