"""A command as an annotation: written for one run, and read in that run alone."""

import pytest

from rollouts.dialects.flagger.commands import ANNOTATION, read, written
from rollouts.model.command import Command, Verb
from rollouts.model.objects import Json

COMMANDS = [Command(verb) for verb in Verb if verb is not Verb.PROMOTE]
COMMANDS += [Command(Verb.PROMOTE, "confirm-promotion"), Command(Verb.PROMOTE, "confirm-traffic-increase", 40)]


def a_canary(phase: str = "Progressing", applied: str = "sluice-b", since: str = "2026-11-01T12:00:00Z") -> Json:
    """A Canary in this phase, whose run began then."""
    promoted = {"type": "Promoted", "status": "Unknown", "reason": phase, "lastTransitionTime": since}
    return {
        "metadata": {"name": "web"},
        "status": {"phase": phase, "lastAppliedSpec": applied, "conditions": [promoted]},
    }


def given(canary: Json, command: Command, revision: str = "sluice-b") -> Json:
    """The Canary with this command to it."""
    value = written(command, canary, revision)
    return {**canary, "metadata": {**canary["metadata"], "annotations": {ANNOTATION: value}}}


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_it_is_read_as_it_was_written(command: Command) -> None:
    """Verb, gate and weight."""
    assert read(given(a_canary(), command), "sluice-b") == command


def test_it_reads_well() -> None:
    """A person may write one by hand."""
    command = Command(Verb.PROMOTE, "confirm-traffic-increase", 40)

    assert written(command, a_canary(), "sluice-b") == (
        "promote:confirm-traffic-increase:40 sluice-b 2026-11-01T12:00:00Z"
    )


def test_another_revision_hears_nothing() -> None:
    """The one that is tried counts, whatever the target wants by now."""
    canary = given(a_canary(), Command(Verb.ABORT))
    later = {**canary, "status": {**canary["status"], "lastAppliedSpec": "sluice-c"}}

    assert read(canary, "sluice-c") == Command(Verb.ABORT)
    assert read(later, "sluice-b") is None


def test_another_run_of_the_same_revision_hears_nothing() -> None:
    """It began at another time."""
    canary = given(a_canary(), Command(Verb.ABORT))
    again = {**canary, "status": a_canary(since="2026-11-02T12:00:00Z")["status"]}

    assert read(again, "sluice-b") is None


def test_what_waits_for_approval_is_what_the_target_wants() -> None:
    """It has not been tried yet, so the status does not know it."""
    canary = given(a_canary("Waiting", "sluice-a"), Command(Verb.PROMOTE, "confirm-rollout"), "sluice-b")

    assert read(canary, "sluice-b") == Command(Verb.PROMOTE, "confirm-rollout")
    assert read(canary, "sluice-a") is None


def test_a_run_that_flagger_began_can_be_steered_too() -> None:
    """Its hash names the run as well as one of ours."""
    canary = given(a_canary(applied="5d8b9c7f4d"), Command(Verb.PAUSE))

    assert read(canary, "sluice-b") == Command(Verb.PAUSE)


def test_a_canary_without_a_status_hears_nothing() -> None:
    """Nothing runs of it yet."""
    canary = given({"metadata": {"name": "web"}}, Command(Verb.ABORT), "sluice-b")

    assert read(canary, "sluice-b") is None
