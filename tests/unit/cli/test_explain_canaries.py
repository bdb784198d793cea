"""`explain` on Canaries: what they wait for, what their next tick asks and does, and what a person can do."""

import json
from typing import Any

import pytest

from rollouts.cluster.port import Json
from tests.builders.cli import command
from tests.builders.ticking import World, a_canary, a_run, a_webhook, started
from tests.unit.cli.test_canaries import CLOSED, shop

GATE = a_webhook("confirm-promotion")


def plain(**analysis: Any) -> Json:
    """A Canary that splits nothing: three ticks, then the promotion."""
    return a_canary(provider="kubernetes", **{"iterations": 3, **analysis})


def explained(here: World, *others: Json) -> dict[str, Any]:
    """The explanation as a program gets it."""
    outcome = command(["explain", "canary/web", "-o", "json"], shop(here, *others), now=lambda: here.now)
    assert outcome.code == 0, outcome.stderr
    said: dict[str, Any] = json.loads(outcome.stdout)
    return said


def commands(said: dict[str, Any]) -> list[str]:
    """What a person can do."""
    return [deed["command"] for deed in said["youCan"]]


def test_a_run_tells_what_its_next_tick_asks_and_brings() -> None:
    """Webhooks and metrics by name, and what follows if all of them agree; nobody is asked now."""
    here = a_run(plain(webhooks=[a_webhook("rollout", "smoke"), GATE]))
    here.tick()
    here.calls.clear()
    said = explained(here)

    assert (said["phase"], said["step"]) == ("Progressing", "iteration 1 of 3, 0 of 2 failed checks")
    assert (said["waitsFor"], said["byDesign"]) == ("2026-11-01T12:03:00Z (next tick)", True)
    assert said["next"] == [
        {
            "what": "asks rollout smoke, measures request-success-rate, request-duration; if all agree: "
            "Advance web.shop canary iteration 2/3",
            "at": "2026-11-01T12:03:00Z",
            "when": None,
        }
    ]
    assert commands(said) == [
        "sluice abort canary/web",
        "sluice promote canary/web --full",
        "sluice pause canary/web",
    ]
    assert here.calls == []


def test_a_closed_gate_is_named_with_the_command_that_opens_it() -> None:
    """Whose approval, and since when; it is watched on meanwhile."""
    here = a_run(plain(webhooks=[GATE]))
    here.hooks = dict(CLOSED)
    here.settle("WaitingPromotion")
    said = explained(here)

    assert said["waitsFor"] == "approval: confirm-promotion hook"
    assert said["since"] == here.status["conditions"][0]["lastUpdateTime"]
    assert said["next"][0]["what"].endswith("if all agree: Advance web.shop canary iteration 3/3")
    assert commands(said)[0] == "sluice promote canary/web"


def test_a_failed_check_stands_in_the_way() -> None:
    """What the last ticks have complained of, the latest first."""
    here = a_run(plain())
    here.tick()
    about = {"kind": "Canary", "name": "web", "uid": "uid"}
    halt = "Halt web.shop advancement success rate 1.00% < 99%"
    event = {"kind": "Event", "type": "Warning", "message": halt, "reason": "Synced", "involvedObject": about}
    stamp = f"{here.now:%Y-%m-%dT%H:%M:%SZ}"
    said = explained(here, {**event, "lastTimestamp": stamp, "metadata": {"name": "e", "namespace": "shop"}})

    assert said["inTheWay"] == [{"what": halt, "cure": ""}]


def test_pods_that_do_not_come_up_are_waited_for() -> None:
    """In the words of readiness; that is not by design."""
    here = a_run(plain())
    here.states["web"] = "pending"
    here.tick()
    said = explained(here)

    assert "canary deployment web.shop not ready" in said["waitsFor"]
    assert not said["byDesign"]


def test_at_rest_there_is_nothing_to_wait_for() -> None:
    """And nothing to do."""
    said = explained(started(plain()))

    assert (said["waitsFor"], said["inTheWay"], said["youCan"]) == (None, [], [])


def test_a_failure_offers_a_retry() -> None:
    """The same version again, or another one."""
    here = a_run(plain())
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")
    said = explained(here)

    assert said["waitsFor"] == "another version, or a retry"
    assert commands(said) == ["sluice retry canary web", "sluice events canary/web --warnings"]


def test_a_mistake_is_told_with_its_cure() -> None:
    """As the controller sees it."""
    here = started(plain())
    here.canary["spec"]["analysis"]["webhooks"] = [{"name": "x", "url": "http://x", "type": "later"}]
    said = explained(here)

    assert said["inTheWay"][0]["what"].startswith("spec.analysis.webhooks[0].type: 'later' is not known")
    assert said["inTheWay"][0]["cure"].startswith("use one of confirm-rollout")
    assert commands(said) == ["kubectl edit canary web"]


@pytest.mark.parametrize("phase", ["paused", "suspended"])
def test_what_a_person_holds_waits_for_that_person(phase: str) -> None:
    """By our command, or by Flagger's field."""
    here = a_run(plain())
    if phase == "paused":
        command(["pause", "canary/web"], shop(here), now=lambda: here.now)
    else:
        here.canary["spec"]["suspend"] = True
    said = explained(here)

    assert said["waitsFor"].startswith("a person to let it go on")
    assert said["byDesign"]


def test_it_reads_well_on_a_terminal() -> None:
    """The same labels as for a Rollout, in the form of text."""
    here = a_run(plain(webhooks=[GATE]))
    text = command(["explain", "web"], shop(here), now=lambda: here.now).stdout

    assert text.splitlines()[0] == "web in shop is Progressing"
    assert [line.split("  ")[0] for line in text.splitlines()[1:] if not line.startswith(" ")] == [
        "Step",
        "Message",
        "Waits for",
        "Next",
        "You can",
    ]
