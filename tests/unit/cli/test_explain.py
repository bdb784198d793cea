"""`explain` on rollouts that a real controller has brought into each state on the embedded cluster."""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from rollouts.cluster.errors import ForbiddenError
from rollouts.cluster.kinds import ROLLOUTS, SERVICES
from rollouts.cluster.port import Collection, Json, Patch, PatchType, Query, Target
from rollouts.simulator.store import Store
from tests.builders.living import SHOP, Still, aborted, examples, in_analysis, merging, paused, stopped, with_steps

NEVER = {"images": {f"{SHOP}:v2": {"neverReady": "image"}}}


def told(still: Still, *, words: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
    """The explanation as a program gets it."""
    outcome = still.says("explain", "shop", "-o", "json", *words, **options)
    assert outcome.code == 0, outcome.stderr
    said: dict[str, Any] = json.loads(outcome.stdout)
    return said


def commands(said: dict[str, Any]) -> list[str]:
    """What a person can do."""
    return [deed["command"] for deed in said["youCan"]]


def reporting(status: Json) -> Callable[[Store], Awaitable[Any]]:
    """A controller writes of the rollout's status."""
    target = Target(ROLLOUTS, "shop", "default", "status")
    return lambda store: store.patch(target, Patch(PatchType.MERGE, {"status": status}))


def test_a_pause_for_a_person_says_what_promoting_brings() -> None:
    """Since when it waits, what is scaled and which steps follow, and the commands that end it."""
    said = told(paused())

    assert (said["phase"], said["step"]) == ("Paused", "2 of 3: pause until promoted")
    assert said["waitsFor"] == "a person to promote it (CanaryPauseStep)"
    assert (said["since"], said["byDesign"]) == ("2026-01-01T00:02:03Z", True)
    assert said["next"] == [
        {
            "what": "scale ReplicaSet shop-768dc66cbf to 3 pods; then setWeight 60, the new version becomes stable",
            "at": None,
            "when": "once a person promotes it",
        }
    ]
    assert commands(said) == [
        "sluice promote shop",
        "sluice abort shop",
        "sluice undo shop",
        "sluice promote shop --full",
    ]


def test_commands_name_a_namespace_that_is_not_the_context_s_own() -> None:
    """kubectl's as well as ours; else the line would speak of another rollout."""
    still = stopped(200, NEVER)
    away = told(Still(still.store, "home", still.now), words=("-n", "default"))

    assert [command.removesuffix(" -n default") for command in commands(away)] == commands(told(still))
    assert all(command.endswith(" -n default") for command in commands(away))
    assert commands(told(still, words=("-n", "default"))) == commands(told(still))


def test_a_timed_pause_says_when_it_ends() -> None:
    """By the controller's own next wake-up."""
    still = stopped(35, change=with_steps({"setWeight": 20}, {"pause": {"duration": "5m"}}, {"setWeight": 60}))
    said = told(still)

    assert said["step"] == "2 of 3: pause 5m"
    assert said["next"][0]["at"] == "2026-01-01T00:07:03Z"
    assert "at 2026-01-01T00:07:03Z (in 4m25s): scale" in still.says("explain", "shop").stdout
    assert told(still, after=timedelta(minutes=9))["next"][0]["when"] == "now, if the controller runs"


def test_an_analysis_tells_its_measurements_and_conditions() -> None:
    """How far each metric is, its last value, and what it has to be, arguments filled in."""
    said = told(in_analysis())

    assert said["waitsFor"].startswith("AnalysisRun shop-768dc66cbf-2-1, which is running")
    assert [o["what"].partition(":")[0] for o in said["inTheWay"]] == [
        "AnalysisRun shop-768dc66cbf-2-1, metric success-rate",
        "AnalysisRun shop-768dc66cbf-2-1, metric latency-p99",
    ]
    assert "3 of 5 ✔3, last [1], which has to be" in said["inTheWay"][0]["what"]
    assert said["inTheWay"][1]["what"].endswith("result[0] <= 0.5")
    assert commands(said)[0] == "sluice analysis shop"


def test_pods_that_do_not_start_say_why_and_when_that_ends_badly() -> None:
    """The pod, its trouble, and the progress deadline."""
    said = told(stopped(200, NEVER))

    assert said["waitsFor"] == "pods of ReplicaSet shop-768dc66cbf: 0 of 1 available"
    assert "ImagePullBackOff" in said["inTheWay"][0]["what"]
    assert any(c["at"] == "2026-01-01T00:12:02Z" and c["what"].startswith("Degraded") for c in said["next"])
    assert commands(said)[0].startswith("kubectl describe pod shop-768dc66cbf-")


def test_a_deadline_that_aborts_says_so() -> None:
    """progressDeadlineAbort makes another end of it."""
    still = stopped(200, NEVER, change=lambda ro: ro["spec"].update(progressDeadlineAbort=True))

    assert any(c["what"].startswith("aborted, unless") for c in told(still)["next"])


def test_an_abort_names_the_metric_that_failed() -> None:
    """Only that one; and the ways out: retry, undo, look at the difference."""
    said = told(aborted())

    assert said["phase"] == "Degraded"
    assert len(said["inTheWay"]) == 1
    assert "metric success-rate: 1 of 5 ✖1, last [0.8]" in said["inTheWay"][0]["what"]
    assert commands(said) == ["sluice retry rollout shop", "sluice undo shop", "sluice diff shop"]


def test_a_rollout_at_rest_waits_for_nothing() -> None:
    """Nothing is next, nothing is to be done."""
    said = told(stopped(35, change=with_steps({"setWeight": 20})), after=timedelta(minutes=5))

    assert (said["phase"], said["inTheWay"], said["youCan"]) == ("Healthy", [], [])


def test_an_invalid_spec_names_field_and_cure() -> None:
    """Seen in the manifest itself, before any controller has said so."""
    body = {"spec": {"strategy": {"canary": {"steps": [{"setWeight": 120}]}}}}
    said = told(stopped(35, then=merging(body)))

    assert said["inTheWay"][0]["what"].startswith("spec.strategy.steps[0].setWeight: ")
    assert said["next"][0]["what"] == "nothing, until the manifest is mended"
    assert commands(said) == ["kubectl edit rollout shop"]


def test_what_only_the_controller_can_know_to_be_wrong_is_believed() -> None:
    """Its status of this generation says Degraded; a status of an older one says nothing of the spec that is there."""
    fault = 'spec.strategy.canary.steps[0].plugin.name: Invalid value: "x": step plugin x not configured'
    message = f'The Rollout "shop" is invalid: {fault}'
    then = "2026-01-01T00:02:10Z"
    condition = {"type": "InvalidSpec", "status": "True", "reason": "InvalidSpec", "message": message}
    condition |= {"lastUpdateTime": then, "lastTransitionTime": then}
    status = {"conditions": [condition]}
    said = told(stopped(35, then=reporting(status)))
    later = told(stopped(35, then=reporting({**status, "observedGeneration": "1"})))

    assert (said["phase"], said["message"], said["waitsFor"]) == ("Degraded", f"InvalidSpec: {message}", None)
    assert said["inTheWay"][0] == {"what": fault, "cure": ""}
    assert said["next"][0]["what"] == "nothing, until the manifest is mended"
    assert commands(said) == ["kubectl edit rollout shop"]
    assert fault not in [o["what"] for o in later["inTheWay"]]


def test_a_service_that_selects_others_is_in_the_way() -> None:
    """References are looked up as the controller does."""
    said = told(stopped(35, then=merging({"spec": {"selector": {"app": "other"}}}, SERVICES, "shop-canary")))

    assert said["inTheWay"][0]["what"].startswith("spec.strategy.canary.canaryService: ")
    assert "selects" in said["inTheWay"][0]["cure"]


def test_what_is_due_and_not_done_points_at_the_controller() -> None:
    """A new template that nobody has acted on yet."""
    template = {"spec": {"template": {"metadata": {"annotations": {"new": "yes"}}}}}
    said = told(stopped(35, change=with_steps({"setWeight": 20}), then=merging(template)))

    assert said["next"][0]["when"] == "now, if the controller runs"
    assert said["next"][0]["what"].startswith("create ReplicaSet shop-")


def test_a_hold_by_spec_waits_for_a_person() -> None:
    """spec.paused is a person's wish."""
    said = told(stopped(35, NEVER, then=merging({"spec": {"paused": True}})))

    assert said["waitsFor"] == "a person to promote it: spec.paused is set"
    assert commands(said)[0] == "sluice promote shop"


def test_a_blue_green_that_waits_for_promotion_says_what_switches() -> None:
    """The active Service, by name."""
    still = stopped(
        60,
        objects=examples("blue-green"),
        change=lambda ro: ro["spec"]["strategy"]["blueGreen"].update(
            autoPromotionEnabled=False, autoPromotionSeconds=0
        ),
    )
    said = told(still)

    assert said["waitsFor"] == "a person to promote it (BlueGreenPause)"
    assert "point Service shop at" in said["next"][0]["what"]


def test_a_blue_green_that_promotes_itself_says_when() -> None:
    """Also where something else is due before; the day is told only where it is another."""

    def change(rollout: Json) -> None:
        rollout["spec"]["strategy"]["blueGreen"]["autoPromotionSeconds"] = 120

    restart = merging({"spec": {"restartAt": "2026-01-01T00:03:20Z"}})
    still = stopped(60, objects=examples("blue-green"), change=change, then=restart)

    assert told(still)["waitsFor"] == "2026-01-01T00:04:03Z (BlueGreenPause)"
    text = still.says("explain", "shop").stdout
    assert "Waits for   until 00:04:03 (BlueGreenPause), since " in text
    assert "Next        at 2026-01-01T00:04:03Z (in 60s): " in text
    assert "once a person" not in text
    yesterday = still.says("explain", "shop", after=timedelta(days=-1)).stdout
    assert "until 2026-01-01 00:04:03 (BlueGreenPause)" in yesterday


class Blinkered(Still):
    """A server that shows nothing cluster-wide."""

    def list_all(self, collection: Collection, query: Query = Query()) -> Iterator[Json]:
        """Forbidden beyond namespaces."""
        if not collection.resource.is_namespaced:
            raise ForbiddenError(f"cannot list {collection.resource.plural} at the cluster scope")
        return super().list_all(collection, query)


class Haunted(Still):
    """A server that still has the failed run of an earlier revision, of the same pods."""

    def list_all(self, collection: Collection, query: Query = Query()) -> Iterator[Json]:
        """Every AnalysisRun twice."""
        for obj in super().list_all(collection, query):
            yield obj
            if obj["kind"] == "AnalysisRun":
                about = {"name": "ghost", "annotations": {"rollout.argoproj.io/revision": "1"}}
                yield {**obj, "metadata": {**obj["metadata"], **about}, "status": {**obj["status"], "phase": "Failed"}}


@pytest.mark.parametrize("made", [in_analysis, aborted])
def test_runs_of_earlier_revisions_are_not_in_the_way(made: Callable[[], Still]) -> None:
    """A version that comes back has the hash of before: its status names the run that counts, or the revision."""
    still = made()

    assert told(Haunted(still.store, still.namespace, still.now)) == told(still)
    assert told(still)["inTheWay"]


def test_who_may_not_see_cluster_wide_templates_is_told_the_rest() -> None:
    """A template that cannot be seen is not said to be missing."""
    still = in_analysis()
    said = told(Blinkered(still.store, still.namespace, still.now))

    assert said == told(still)
    assert said["inTheWay"]


def test_the_words_fit_the_terminal_and_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR and --no-color take them away again."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, bright = (in_analysis().says("explain", "shop", on_terminal=where) for where in (False, True))

    assert max(map(len, plain.stdout.splitlines())) <= 60
    assert "\x1b[" in bright.stdout
    assert in_analysis().says("explain", "shop", "--no-color", on_terminal=True).stdout == plain.stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert in_analysis().says("explain", "shop", on_terminal=True).stdout == plain.stdout


def test_wrong_words_are_one_line() -> None:
    """A rollout that is not there, a format that is not known."""
    assert 'rollouts.argoproj.io "shpo" not found' in in_analysis().says("explain", "shpo").stderr
    assert "known are text, json" in in_analysis().says("explain", "shop", "-o", "xml").stderr
