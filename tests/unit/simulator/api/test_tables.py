"""Cells as kubectl shows them: ages, JSONPaths, the words of built-in kinds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis.errors import PathError
from analysis.jsonpath import find
from rollouts.cluster.port import Resource
from rollouts.simulator.api.ages import age, duration
from rollouts.simulator.api.tables import table
from rollouts.simulator.store import Column, Kind

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
OBJECT = {
    "metadata": {"labels": {"a.b/c": "x"}},
    "spec": {"list": [{"name": "one", "value": 1}, {"name": "two", "value": 2}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Healthy", "status": "False"}]},
}


def cells(resource: Resource, obj: dict[str, Any], *columns: Column) -> dict[str, Any]:
    """The row of one object, by column."""
    shown = table(Kind(resource, "one", columns=columns), [{"metadata": {"name": "it"}, **obj}], {}, NOW)
    names = [one["name"] for one in shown["columnDefinitions"]]
    return dict(zip(names, shown["rows"][0]["cells"], strict=True))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (7.5 * 3600, "7h30m"),
        (8 * 3600 + 60, "8h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (7 * 86400 + 3600, "7d1h"),
        (9 * 86400 + 3600, "9d"),
        (800 * 86400, "2y70d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_durations_are_worded_like_kubectls(seconds: float, shown: str) -> None:
    """The longer ago, the fewer units."""
    assert duration(timedelta(seconds=seconds)) == shown


def test_ages_of_no_time_and_of_the_future() -> None:
    """What has no readable time says so."""
    assert [age(None, NOW), age("nonsense", NOW), age("2027-01-01T00:00:00Z", NOW)] == [
        "<unknown>",
        "<invalid>",
        "<invalid>",
    ]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.list[0].name", ["one"]),
        (".spec.list[-1].value", [2]),
        ("{.spec.list[*].name}", ["one", "two"]),
        ("$.spec['list'][5]", []),
        (r".metadata.labels.a\.b/c", ["x"]),
        (".metadata.labels['a\\.b/c']", ["x"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type != 'Ready')].status", ["False"]),
        (".spec.list[?(@.value==2)].name", ["two"]),
        (".spec.none.at.all", []),
    ],
)
def test_json_paths_find(path: str, found: list[Any]) -> None:
    """The forms that printer columns use; a path to nothing finds nothing."""
    assert find(path, OBJECT) == found


def test_unreadable_json_path_is_an_error() -> None:
    """The message says from where on it cannot be read."""
    with pytest.raises(PathError, match=r"cannot be read from '\[oops' on"):
        find(".spec[oops", OBJECT)


def test_declared_columns_show_their_type() -> None:
    """A value of another type than the column's leaves the cell empty."""
    columns = [
        Column("Text", "string", ".a"),
        Column("Flag", "boolean", ".b"),
        Column("Number", "integer", ".a"),
        Column("When", "date", ".t"),
    ]
    thing = Resource("g.io", "v1", "things", "Thing")
    row = cells(thing, {"a": "x", "b": True, "t": "2026-01-01T11:59:00Z"}, *columns)

    assert row == {"Name": "it", "Text": "x", "Flag": True, "Number": None, "When": "60s"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(["shop.example"], '["shop.example"]'), ({"a": 1, "b": "é"}, '{"a":1,"b":"é"}'), (True, "true"), (3, "3")],
)
def test_a_text_column_shows_what_is_no_text_as_json(value: Any, shown: str) -> None:
    """A real server prints a route's hostnames as `["shop.example"]`."""
    row = cells(Resource("g.io", "v1", "things", "Thing"), {"a": value}, Column("Text", "string", ".a"))

    assert row["Text"] == shown


@pytest.mark.parametrize(
    ("pod", "word"),
    [
        ({"status": {"phase": "Running"}}, "Running"),
        ({"status": {}}, "Pending"),
        ({"metadata": {"name": "p", "deletionTimestamp": "2026-01-01T12:00:00Z"}}, "Terminating"),
        ({"status": {"phase": "Failed", "reason": "Evicted"}}, "Evicted"),
        ({"status": {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]}}, "ErrImagePull"),
        ({"status": {"containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}}, "ExitCode:3"),
    ],
)
def test_status_of_a_pod_is_its_most_telling_word(pod: dict[str, Any], word: str) -> None:
    """What a container waits for comes before the phase."""
    assert cells(Resource("", "v1", "pods", "Pod"), pod)["Status"] == word


def test_restarts_of_a_pod_tell_when() -> None:
    """The last restart's age stands beside the count."""
    ended = {"terminated": {"finishedAt": "2026-01-01T11:58:00Z"}}
    pod = {"status": {"containerStatuses": [{"restartCount": 2, "lastState": ended}]}}

    assert cells(Resource("", "v1", "pods", "Pod"), pod)["Restarts"] == "2 (2m ago)"


def test_jobs_show_progress_and_duration() -> None:
    """Completions of the wanted ones, and how long it took."""
    status = {
        "succeeded": 1,
        "startTime": "2026-01-01T11:00:00Z",
        "completionTime": "2026-01-01T11:05:00Z",
        "conditions": [{"type": "Complete", "status": "True"}],
    }
    row = cells(Resource("batch", "v1", "jobs", "Job"), {"spec": {"completions": 1}, "status": status})

    assert (row["Status"], row["Completions"], row["Duration"]) == ("Complete", "1/1", "5m")


def test_services_show_their_ports() -> None:
    """Port, node port and protocol."""
    ports = [{"port": 80}, {"port": 53, "protocol": "UDP", "nodePort": 30053}]
    row = cells(Resource("", "v1", "services", "Service"), {"spec": {"ports": ports}})

    assert row["Port(s)"] == "80/TCP,53:30053/UDP"


def test_slices_show_the_first_endpoints() -> None:
    """Three addresses, and how many more."""
    endpoints = [{"addresses": [f"10.0.0.{number}"]} for number in range(1, 6)]
    row = cells(Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"), {"endpoints": endpoints})

    assert (row["Endpoints"], row["Ports"]) == ("10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...", "<unset>")


def test_nodes_and_events_have_their_words() -> None:
    """Ready nodes are Ready, and an event names kind and object."""
    node = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}, "spec": {"unschedulable": True}}
    event = {"involvedObject": {"kind": "Pod", "name": "p"}, "lastTimestamp": "2026-01-01T11:59:30Z"}

    assert cells(Resource("", "v1", "nodes", "Node"), node)["Status"] == "Ready,SchedulingDisabled"
    assert cells(Resource("", "v1", "events", "Event"), event)["Object"] == "pod/p"
    assert cells(Resource("", "v1", "events", "Event"), event)["Last Seen"] == "30s"
