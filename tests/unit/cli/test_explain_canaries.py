"""`explain` on Canaries: what they wait for, what their next tick asks and does, and what a person can do."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from rollouts.cli.explain import lines
from rollouts.cli.style import style_of
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


def an_event(here: World, number: int, message: str, type_: str = "Warning") -> Json:
    """One of its Canary, written now."""
    about = {"kind": "Canary", "name": "web", "uid": "uid"}
    meta = {"name": f"e{number}", "namespace": "shop", "resourceVersion": str(number)}
    event = {"kind": "Event", "type": type_, "message": message, "reason": "Synced", "involvedObject": about}
    return {**event, "lastTimestamp": f"{here.now:%Y-%m-%dT%H:%M:%SZ}", "metadata": meta}


HALT = "Halt web.shop advancement request-success-rate 1.00% < 99%"


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        (
            [HALT, "Rolling back web.shop failed checks threshold reached 2", "Canary failed! Scaling down web.shop"],
            HALT,
        ),
        ([HALT, "Rolling back web.shop aborted by user", "Canary failed! Scaling down web.shop"], "aborted by user"),
        (["Canary failed! Scaling down web.shop"], "Canary failed!"),
        ([HALT, "Canary failed! Scaling down web.shop", "of no run at all"], HALT),
        ([], None),
    ],
)
def test_a_failure_is_told_with_its_reason(messages: list[str], why: str | None) -> None:
    """The last warning of that run which says more than that it failed; not one of the run before."""
    here = a_run(plain())
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")
    former = [an_event(here, 1, "Halt web.shop advancement for another reason")]
    former.append(an_event(here, 2, "New revision detected! Scaling up web.shop", "Normal"))
    said = explained(here, *former, *(an_event(here, 3 + index, each) for index, each in enumerate(messages)))

    assert (why or "") in (said["why"] or "")
    assert (said["why"] is None) == (why is None)


def test_a_version_that_was_taken_back_is_told_of() -> None:
    """As `get` and `status` do."""
    here = a_run(plain())
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")
    here.release("web:1")

    assert "is back at what the primary runs" in explained(here)["message"]


def test_less_than_two_seconds_late_is_not_overdue() -> None:
    """The controller needs a moment, too."""
    here = a_run(plain())
    here.tick()
    said = explained(here)
    due = datetime.fromisoformat(said["next"][0]["at"])
    style = style_of(lambda: False, no_colour=True)
    for seconds, word in [(-1, "(in 1s)"), (0, "(now)"), (1, "(now)"), (2, "(overdue)")]:
        text = "\n".join(lines(said, style, due + timedelta(seconds=seconds)))
        assert word in text


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
