"""Commands against a fake API server. Their exact output and patches are held to Argo's in tests/golden."""

import copy
import io
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from rollouts.cluster.errors import ConflictError, ServerError
from rollouts.cluster.port import Collection, Json, Page, Query, Target, WatchEvent
from tests.builders.cli import NOW, FakeApi, command
from tests.unit.cli.worlds import a_replica_set, a_rollout, a_template, an_experiment


def becoming(first: Json, then: Json) -> FakeApi:
    """A cluster whose one rollout changes as soon as it is watched."""
    api = FakeApi([first])
    api.events.put(WatchEvent("MODIFIED", then))
    return api


def test_status_waits_until_the_rollout_is_healthy() -> None:
    """Each new phase is told once."""
    outcome = command(["status", "web"], becoming(a_rollout(), a_rollout(phase="Healthy", message="")))

    assert outcome.code == 0
    assert outcome.stdout.splitlines() == ["Progressing - more replicas need to be updated", "Healthy"]


def test_status_ends_when_its_rollout_is_deleted() -> None:
    """It will never be healthy: an error, not a wait for ever."""
    api = FakeApi([a_rollout()])
    api.events.put(WatchEvent("DELETED", a_rollout()))

    outcome = command(["status", "web"], api)

    assert (outcome.code, outcome.stderr) == (1, 'Error: rollout.argoproj.io "web" not found in namespace default\n')


def test_status_of_a_degraded_rollout_is_an_error() -> None:
    """The message is on stderr, for scripts the exit code is 1."""
    api = becoming(a_rollout(), a_rollout(phase="Degraded", message="RolloutAborted: too many errors"))

    outcome = command(["status", "web"], api)

    assert outcome.code == 1
    assert outcome.stderr == (
        "Error: The rollout is in a degraded state with message: RolloutAborted: too many errors\n"
    )


def test_status_and_get_show_what_a_stuck_rollout_waits_for() -> None:
    """Argo's words first, then ours, on the line where people look."""
    wait = "waits for pods of ReplicaSet web-1: 0 of 2 available"
    stuck = f"more replicas need to be updated (stuck since 2026-11-10T11:00:00Z: {wait})"
    api = FakeApi([a_rollout(phase="Progressing", message=stuck)])

    assert command(["status", "web", "--watch=false"], api).stdout == f"Progressing - {stuck}\n"
    assert f"Message:         {stuck}" in command(["get", "rollout", "web"], api).stdout


def test_status_gives_up_after_the_timeout() -> None:
    """By the clock of the session, which passes a minute with each look."""
    moments = iter(NOW + timedelta(minutes=number) for number in range(100))

    api = becoming(a_rollout(), a_rollout())
    outcome = command(["status", "web", "--timeout", "1m30s"], api, now=lambda: next(moments))

    assert (outcome.code, outcome.stderr) == (1, "Error: Rollout status watch exceeded timeout\n")


def test_status_asked_once_tells_a_degraded_phase_and_fails() -> None:
    """As Argo has it: the phase alone on stdout, the message in the error."""
    api = FakeApi([a_rollout(phase="Degraded", message="why")])

    outcome = command(["status", "web", "--watch=false"], api)

    assert (outcome.code, outcome.stdout) == (1, "Degraded\n")
    assert outcome.stderr == "Error: The rollout is in a degraded state with message: why\n"


def ticking(seconds: float) -> Callable[[], datetime]:
    """A clock that goes on by so much with each look."""
    moments = (NOW + timedelta(seconds=seconds * number) for number in itertools.count())
    return lambda: next(moments)


def test_get_watch_draws_again_on_change_and_ends_in_time() -> None:
    """Two states, two trees."""
    api = becoming(a_rollout(), a_rollout(phase="Healthy", message=""))

    outcome = command(["get", "rollout", "web", "-w", "--timeout-seconds", "1"], api, now=ticking(0.005))

    assert outcome.code == 0
    assert re.findall(r"^Status: .*$", outcome.stdout, re.MULTILINE) == [
        "Status:          ◌ Progressing",
        "Status:          ✔ Healthy",
    ]


def test_get_watch_colours_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless told not to."""
    monkeypatch.delenv("NO_COLOR", raising=False)

    def outcome(*flags: str) -> str:
        words = ["get", "rollout", "web", "-w=true", "--timeout-seconds", "1", *flags]
        return command(words, becoming(a_rollout(), a_rollout()), now=ticking(0.2), on_terminal=True).stdout

    assert "\x1b[36m◌\x1b[0m Progressing" in outcome()
    assert "\x1b[36m" not in outcome("--no-color")


class Lost(FakeApi):
    """A server that can be read, and not be watched."""

    def watch(self, collection: Collection, query: Query = Query()) -> Iterator[WatchEvent]:
        """The connection breaks."""
        raise ServerError("watch of rollouts: no answer from the API server: connection reset")


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_lost_connection_is_told_and_does_not_end_the_watch(on_terminal: bool) -> None:
    """Below the view on a terminal, on stderr elsewhere."""
    words = ["get", "rollout", "web", "-w", "--timeout-seconds", "1"]

    outcome = command(words, Lost([a_rollout()]), now=ticking(0.005), on_terminal=on_terminal)

    assert outcome.code == 0
    told = outcome.stdout if on_terminal else outcome.stderr
    assert "no answer from the API server" in told


def test_get_shows_an_experiment() -> None:
    """Header and tree as of a rollout, with the templates of its images."""
    experiment = an_experiment(phase="Running", message="waiting")
    baseline = a_replica_set("b", 1, "v1", owner="try")
    baseline["metadata"]["annotations"]["experiment.argoproj.io/template-name"] = "baseline"

    shown = command(["get", "experiment", "try"], FakeApi([experiment, baseline])).stdout

    assert shown.splitlines()[:5] == [
        "Name:            try",
        "Namespace:       default",
        "Status:          ◌ Running",
        "Message:         waiting",
        "Images:          web:v1 (Σ:baseline)",
    ]
    assert "└──⧉ try-b" in shown


def test_list_experiments_tells_what_is_left_of_them() -> None:
    """From the moment when all templates were available; an ended one has nothing left."""
    world = [
        an_experiment("running", phase="Running", availableAt="2026-11-10T11:58:00Z", made="2026-11-10T11:51:01Z"),
        an_experiment("ended", phase="Successful", availableAt="2026-11-10T11:58:00Z"),
    ]

    rows = command(["list", "experiments"], FakeApi(world)).stdout.splitlines()

    assert rows == [
        "NAME        STATUS      DURATION  REMAINING  AGE",
        "ended       Successful  10m       -          60m",
        "running     Running     10m       8m         8m59s",
    ]


def test_a_long_list_is_printed_page_by_page() -> None:
    """When a page is asked for, the one before is out already; columns grow where a later name is longer."""
    printed: list[int] = []

    class Paged(FakeApi):
        def list(self, collection: Collection, query: Query = Query()) -> Page:
            number = int(query.token or 0)
            assert isinstance(sys.stdout, io.StringIO)
            printed.append(sys.stdout.getvalue().count("\n"))
            name = "x" * (20 if number == 2 else 5)
            rows = tuple(a_rollout(f"{name}-{number}-{row}") for row in range(query.limit or 0))
            return Page(rows, "1", str(number + 1) if number < 2 else "")

    lines = command(["list", "rollouts", "-A"], Paged([])).stdout.splitlines()

    assert printed == [0, 501, 1001]
    assert len(lines) == 1501
    assert [lines[index].index("Canary") for index in (1, 501, 1001)] == [24, 24, 39]


def test_a_list_of_nothing_says_so() -> None:
    """On stderr, and it is no failure."""
    for words in (["list", "rollouts"], ["list", "exp", "-A"]):
        outcome = command(words, FakeApi([]))
        assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "", "No resources found.\n")


def test_list_shows_every_namespace_and_times() -> None:
    """-A and --timestamps add their columns in front, each as wide as its longest cell."""
    world = [
        a_rollout("b", namespace="two"),
        a_rollout("a-rather-long-name", spec={"strategy": {"blueGreen": {"activeService": "x"}}}),
    ]

    outcome = command(["list", "rollouts", "-A", "--timestamps"], FakeApi(world))

    rows = outcome.stdout.splitlines()
    assert [row.split()[:4] for row in rows] == [
        ["TIMESTAMP", "NAMESPACE", "NAME", "STRATEGY"],
        ["2026-11-10T12:00:00Z", "default", "a-rather-long-name", "BlueGreen"],
        ["2026-11-10T12:00:00Z", "two", "b", "Canary"],
    ]
    assert rows[1].split()[4:] == ["Progressing", "-", "-", "5/5", "5", "1", "5"]
    assert len({row.index(" STR") if "STR" in row else row.index(" Can") for row in (rows[0], rows[2])}) == 1


def test_list_of_one_name() -> None:
    """--name asks the server for that one."""
    outcome = command(["list", "ro", "--name", "b"], FakeApi([a_rollout("a"), a_rollout("b")]))

    assert [line.split()[0] for line in outcome.stdout.splitlines()] == ["NAME", "b"]


@pytest.mark.parametrize(
    ("status", "writes"),
    [
        ({"currentStepIndex": 3, "stableRS": "new"}, []),
        ({}, [{"status": {"promoteFull": True}}, {"spec": {"paused": False}}]),
    ],
)
def test_a_full_promotion_goes_to_the_end_unless_it_is_there(status: Json, writes: list[Json]) -> None:
    """A rollout that is paused by its spec goes on, too."""
    paused = bool(writes)
    api = FakeApi([a_rollout(spec={"paused": paused}, **status)])

    assert command(["promote", "web", "--full"], api).stdout == "rollout 'web' fully promoted\n"
    assert [write["patch"] for write in api.writes] == writes


def test_a_promotion_after_an_inconclusive_analysis_goes_over_the_step() -> None:
    """Or it would stop at the same analysis again."""
    canary = {"currentStepAnalysisRunStatus": {"name": "run", "status": "Inconclusive"}}
    pause = [{"reason": "InconclusiveAnalysisRun", "startTime": "2026-11-10T11:59:00Z"}]
    api = FakeApi([a_rollout(canary=canary, pauseConditions=pause, controllerPause=True)])

    command(["promote", "web"], api)

    assert [write["patch"] for write in api.writes] == [
        {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}}
    ]


@pytest.mark.parametrize(
    ("spec", "flags", "words"),
    [
        ({"strategy": {"blueGreen": {"activeService": "a"}}}, ["-c"], "Cannot skip steps of a bluegreen rollout"),
        ({"strategy": {"canary": {}}}, ["-a"], "Cannot skip steps of a rollout without steps"),
        ({}, ["-a", "-c"], "at the same time"),
    ],
)
def test_steps_that_are_not_there_cannot_be_skipped(spec: Json, flags: list[str], words: str) -> None:
    """Nothing is sent."""
    api = FakeApi([a_rollout(spec=spec)])

    outcome = command(["promote", "web", *flags], api)

    assert (outcome.code, api.writes) == (1, [])
    assert words in outcome.stderr


def test_several_rollouts_are_aborted_in_one_command() -> None:
    """One request each."""
    api = FakeApi([a_rollout("a"), a_rollout("b")])

    outcome = command(["abort", "a", "b"], api)

    assert outcome.stdout == "rollout 'a' aborted\nrollout 'b' aborted\n"
    assert [write["name"] for write in api.writes] == ["a", "b"]


def test_undo_to_what_is_there_is_skipped() -> None:
    """The template of that revision is the present one already."""
    api = FakeApi([a_rollout(), a_replica_set("old", 1, "v1"), a_replica_set("new", 2, "v2")])

    outcome = command(["undo", "web", "--to-revision", "2"], api)

    assert outcome.stdout == "skipped rollback (current template already matches revision 2)\n"
    assert api.writes == []


def test_undo_writes_the_template_where_it_lives() -> None:
    """With a workloadRef that is the Deployment."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "dep"}
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "dep", "namespace": "default"},
        "spec": {"template": a_template("v2")},
    }
    api = FakeApi(
        [
            a_rollout(spec={"workloadRef": reference}),
            deployment,
            a_replica_set("o", 1, "v1"),
            a_replica_set("n", 2, "v2"),
        ]
    )
    before = copy.deepcopy(api.objects)

    outcome = command(["undo", "web"], api)

    (write,) = api.writes
    assert outcome.stdout == "rollout 'web' undo\n"
    assert (write["resource"], write["name"]) == ("deployments", "dep")
    assert write["patch"] == [{"op": "replace", "path": "/spec/template", "value": a_template("v1")}]
    assert api.objects == before


def test_undo_leaves_out_what_a_role_has_put_in() -> None:
    """Else the way back to stable in mid-canary would be a third version, with stable's label in its template."""
    stable = a_replica_set("o", 1, "v1")
    note = '{"labels":{"role":"stable"}}'
    stable["metadata"]["annotations"]["rollout.argoproj.io/ephemeral-metadata"] = note
    stable["spec"]["template"]["metadata"]["labels"]["role"] = "stable"
    api = FakeApi([a_rollout(), stable, a_replica_set("n", 2, "v2")])

    command(["undo", "web"], api)

    (write,) = api.writes
    assert write["patch"] == [{"op": "replace", "path": "/spec/template", "value": a_template("v1")}]


def test_version_is_short_on_request() -> None:
    """One line with --short, and it begins as the long one does."""
    short = command(["version", "--short"], FakeApi([])).stdout

    assert short.startswith("sluice: ")
    assert short.count("\n") == 1
    assert command(["version"], FakeApi([])).stdout.startswith(short)


def test_restart_sets_the_moment() -> None:
    """Now, or after the time that was asked for."""
    api = FakeApi([a_rollout()])

    assert command(["restart", "web"], api).stdout == "rollout 'web' restarts in 0s\n"
    command(["restart", "web", "--in=1h30m"], api)

    moments = [write["patch"]["spec"]["restartAt"] for write in api.writes]
    assert moments == ["2026-11-10T12:00:00Z", "2026-11-10T13:30:00Z"]


def test_an_image_is_set_again_when_somebody_else_wrote_meanwhile() -> None:
    """The whole object is written with the version that was read, so nobody's change is lost."""

    class Contended(FakeApi):
        attempts = 0

        def replace(self, target: Target, body: Json) -> Json:
            self.attempts += 1
            if self.attempts < 3:
                raise ConflictError("the object has been modified")
            return super().replace(target, body)

    api = Contended([a_rollout()])

    outcome = command(["set", "image", "web", "web=web:v3"], api)

    assert outcome.stdout == 'rollout "web" image updated\n'
    assert api.writes[0]["object"]["spec"]["template"]["spec"]["containers"][0]["image"] == "web:v3"


@pytest.mark.parametrize(
    ("words", "said", "resource", "patch"),
    [
        (["terminate", "ar", "x"], "analysisRun 'x' terminated", "analysisruns", {"spec": {"terminate": True}}),
        (["terminate", "experiment", "x"], "experiment 'x' terminated", "experiments", {"spec": {"terminate": True}}),
        (["retry", "exp", "x"], "experiment 'x' retried", "experiments", {"status": None}),
    ],
)
def test_runs_and_experiments_are_ended_and_begun_again(
    words: list[str], said: str, resource: str, patch: Json
) -> None:
    """One merge patch of the object: they have no status subresource."""
    api = FakeApi([an_experiment("x"), {**an_experiment("x"), "kind": "AnalysisRun"}])

    assert command(words, api).stdout == f"{said}\n"
    assert [(write["resource"], write["patch"]) for write in api.writes] == [(resource, patch)]


@pytest.mark.parametrize("words", [["dashboard"], ["notifications", "trigger", "run", "a", "b"]])
def test_what_is_not_there_yet_says_so(words: list[str]) -> None:
    """A line and exit code 1, not a command that is unknown."""
    outcome = command(words, FakeApi([]))

    assert outcome.code == 1
    assert "not part of this version" in outcome.stderr
