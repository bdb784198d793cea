"""`events` and `history`: what happened, and what became of each revision."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from rollouts.cli.history import revisions
from rollouts.cli.timeline import family, merged
from rollouts.cluster.port import Json
from tests.builders.living import aborted, in_analysis, paused
from tests.unit.cli.worlds import a_replica_set, a_rollout


def an_event(uid: str, at: str, reason: str, message: str = "", version: int = 1, **more: Any) -> Json:
    """An event as core/v1 has it."""
    meta = {"name": f"e{version}", "resourceVersion": str(version)}
    about = {"kind": "Rollout", "name": "web", "uid": uid}
    return {
        "metadata": meta,
        "involvedObject": about,
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
        **more,
    }


def test_the_events_of_the_whole_family_come_in_order() -> None:
    """By time, then by the order in which they were written; strangers' events are left out."""
    found = [
        an_event("uid-web", "2026-11-10T12:00:01Z", "third", version=12),
        an_event("uid-web", "2026-11-10T12:00:01Z", "second", version=9),
        an_event("uid-old", "2026-11-10T12:00:00Z", "first", version=30),
        an_event("uid-else", "2026-11-10T12:00:00Z", "alien"),
    ]
    uids = family(a_rollout(), [a_replica_set("old", 1, "v1")])

    assert [each.reason for each in merged(found, uids)] == ["first", "second", "third"]


def test_newer_forms_of_events_are_read_too() -> None:
    """eventTime with fractions, and a series with its count."""
    series = {"count": 7, "lastObservedTime": "2026-11-10T12:00:05.123456Z"}
    found = merged([an_event("u", "", "x", eventTime="2026-11-10T12:00:00.5Z", series=series)], {"u"})

    assert (found[0].times, found[0].at) == (7, datetime(2026, 11, 10, 12, 0, 5, tzinfo=UTC))


def test_events_tell_the_story_of_an_abort() -> None:
    """The rollout's own and its AnalysisRun's, each in its place; --warnings leaves what is normal out."""
    told = json.loads(aborted().says("events", "shop", "-o", "json").stdout)
    reasons = [each["reason"] for each in told]
    warned = json.loads(aborted().says("events", "shop", "-o", "json", "--warnings").stdout)

    order = [reasons.index(name) for name in ("RolloutStepCompleted", "MetricFailed", "RolloutAborted")]
    assert order == sorted(order)
    assert {each["object"].partition("/")[0] for each in told} == {"Rollout", "AnalysisRun"}
    assert warned
    assert "Normal" not in {each["type"] for each in warned}


@pytest.mark.parametrize("width", ["60", "140"])
def test_events_fit_the_width(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal messages have lines of their own."""
    monkeypatch.setenv("COLUMNS", width)
    lines = aborted().says("events", "shop").stdout.splitlines()

    assert max(map(len, lines)) <= int(width)
    assert any("Rollout updated to revision 2" in line for line in lines)


def test_history_tells_what_became_of_each_revision() -> None:
    """The newest first: how long it took and why it ended."""
    newest, first = json.loads(aborted().says("history", "shop", "-o", "json").stdout)

    assert (newest["number"], newest["verdict"], newest["seconds"]) == (2, "aborted", 11.0)
    assert "success-rate" in newest["why"]
    assert (first["number"], first["verdict"], first["images"]) == (1, "stable", ["registry.example/shop:v1"])


def test_history_of_a_release_under_way() -> None:
    """It has no duration yet."""
    lines = paused().says("history", "shop").stdout.splitlines()

    assert lines[0].split() == ["REVISION", "VERDICT", "TOOK", "AGE", "IMAGES"]
    assert lines[1].startswith("2         under way  -")


def test_a_revision_that_came_back_counts_its_last_course() -> None:
    """Events of its first time are not mixed with those of its second; a cause is shown where there is one."""
    old, new = a_replica_set("old", 3, "v1"), a_replica_set("new", 2, "v2", replicas=0)
    new["metadata"]["annotations"]["kubernetes.io/change-cause"] = "ticket 7"
    old["metadata"]["annotations"]["rollout.argoproj.io/revision-history"] = "1"
    texts = (
        ("12:00:00", "RolloutUpdated", "Rollout updated to revision 2"),
        ("12:00:40", "RolloutAborted", "Rollout aborted update to revision 2"),
        ("12:05:00", "RolloutUpdated", "Rollout updated to revision 2"),
        ("12:06:00", "RolloutCompleted", "Rollout completed update to revision 2 (new): done"),
    )
    events = [an_event("uid-web", f"2026-11-10T{at}Z", reason, text) for at, reason, text in texts]
    rollout = a_rollout(currentPodHash="old", stableRS="old")
    first, second = revisions(rollout, [new, old], [], merged(events, {"uid-web"}))

    assert (first.number, first.verdict, first.former) == (3, "stable", "1")
    assert (second.verdict, second.seconds, second.cause) == ("completed", 60.0, "ticket 7")


def test_wrong_words_are_one_line() -> None:
    """Formats that are not known, rollouts that are not there."""
    for command in ("events", "history"):
        assert "known are text, json" in in_analysis().says(command, "shop", "-o", "xml").stderr
        assert 'rollouts.argoproj.io "nobody" not found' in in_analysis().says(command, "nobody").stderr
