"""Requests told apart as the tables of docs/benchmarks.md name them."""

import pytest

from benchmarks.tally import Tally, name_of, reads, without_upkeep, writes

ROLLOUTS = "/apis/argoproj.io/v1alpha1/namespaces/plain/rollouts"


@pytest.mark.parametrize(
    ("method", "path", "params", "name"),
    [
        ("GET", f"{ROLLOUTS}/app", {}, "get rollouts"),
        ("GET", ROLLOUTS, {}, "list rollouts"),
        ("GET", ROLLOUTS, {"watch": "true"}, "watch rollouts"),
        ("PATCH", f"{ROLLOUTS}/app/status", {}, "patch rollouts/status"),
        ("POST", "/api/v1/namespaces/plain/events", {}, "create events"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}, "review rights"),
        ("GET", "/apis", {}, "discover"),
    ],
)
def test_requests_have_names(method: str, path: str, params: dict[str, str], name: str) -> None:
    """A request is named by its verb, resource and subresource."""
    assert name_of(method, path, params) == name


def test_counts_are_told_apart() -> None:
    """Writes, events and reads add up to all but the Lease's upkeep."""
    tally = Tally()
    for name in ("patch rollouts/status", "create events", "get rollouts", "review rights", "patch leases"):
        tally.add(name)
    counts = without_upkeep(tally.now())

    assert (writes(counts, with_events=False), counts["create events"], reads(counts)) == (1, 1, 2)


def test_only_what_came_later_counts() -> None:
    """What came before a moment is left out of the count since then."""
    tally = Tally()
    tally.add("get rollouts")
    before = tally.now()
    tally.add("patch rollouts/status")

    assert dict(tally.since(before)) == {"patch rollouts/status": 1}
