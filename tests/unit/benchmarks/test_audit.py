"""The audit log as requests, and what the engine's figures are made of."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.crowd import CROWD
from benchmarks.engine import Phase, latencies
from benchmarks.plane import UNDER_TEST, Audit, Request, by_title

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_line(verb: str, stage: str = "ResponseComplete", **ref: str) -> str:
    """A line as kube-apiserver writes it."""
    return json.dumps(
        {
            "verb": verb,
            "stage": stage,
            "requestURI": "/apis?timeout=30s",
            "user": {"username": UNDER_TEST},
            "objectRef": ref,
            "requestReceivedTimestamp": "2026-11-22T12:00:00.000000Z",
            "stageTimestamp": "2026-11-22T12:00:00.250000Z",
        }
    )


def a_request(user: str, verb: str, resource: str, name: str, *, at: float) -> Request:
    """A request so many seconds after noon."""
    came = NOON + timedelta(seconds=at)
    return Request(user, verb, resource, CROWD, name, came, came)


def test_each_request_counts_once(tmp_path: Path) -> None:
    """A watch when it begins, all else when it is answered; what names no resource by its path."""
    log = tmp_path / "audit.log"
    lines = [
        a_line("watch", "ResponseStarted", resource="rollouts"),
        a_line("watch", resource="rollouts"),
        a_line("patch", resource="rollouts", subresource="status"),
        a_line("get"),
    ]
    log.write_text("\n".join(lines) + "\n")

    assert by_title(Audit(log).rest()) == {"watch rollouts": 1, "patch rollouts/status": 1, "get /apis": 1}


def test_the_log_is_read_on(tmp_path: Path) -> None:
    """What was read is not read again."""
    log = tmp_path / "audit.log"
    log.write_text(a_line("get", resource="leases") + "\n")
    audit = Audit(log)

    assert [len(audit.rest()), len(audit.rest())] == [1, 0]


def test_a_write_is_timed_from_the_last_word_of_the_pod() -> None:
    """Its own rollout's write, the first one after; the pod's earlier phases do not count."""
    phase = Phase(
        1.0,
        1.0,
        1,
        1.0,
        [
            a_request("kwok", "patch", "pods/status", "app-1-hash-pod", at=0.0),
            a_request(UNDER_TEST, "patch", "rollouts/status", "app-1", at=0.1),
            a_request("kwok", "patch", "pods/status", "app-1-hash-pod", at=1.0),
            a_request(UNDER_TEST, "patch", "rollouts/status", "app-2", at=1.01),
            a_request(UNDER_TEST, "patch", "replicasets", "app-1-old", at=1.03),
        ],
    )

    assert latencies(phase) == [pytest.approx(30.0)]
