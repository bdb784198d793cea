"""The page that Prometheus scrapes, beside the embedded cluster: the names and labels that dashboards know."""

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from rollouts.cluster import kinds
from rollouts.cluster.port import Target
from rollouts.telemetry.metrics import Metrics
from tests.unit.controller.stories import Shop, a_canary, a_routed_canary, a_template, tell

OBJECT = {"namespace", "name"}
TABLE: dict[str, set[str]] = {
    # spec/argo-rollouts.md §2.20, as far as it is about rollouts, runs and the controller
    "rollout_info": OBJECT | {"strategy", "traffic_router", "phase"},
    "rollout_info_replicas_available": OBJECT,
    "rollout_info_replicas_unavailable": OBJECT,
    "rollout_info_replicas_desired": OBJECT,
    "rollout_info_replicas_updated": OBJECT,
    "rollout_phase": OBJECT | {"strategy", "phase"},
    "rollout_reconcile_bucket": OBJECT | {"le"},
    "rollout_reconcile_sum": OBJECT,
    "rollout_reconcile_count": OBJECT,
    "rollout_reconcile_error": OBJECT,
    "rollout_events_total": OBJECT | {"type", "reason"},
    "rollout_duration_seconds_bucket": {"status", "le"},
    "rollout_progression_duration_seconds_bucket": {"status", "le"},
    "rollout_manual_pause_duration_seconds_bucket": {"status", "le"},
    "analysis_run_info": OBJECT | {"phase"},
    "analysis_run_phase": OBJECT | {"phase"},
    "analysis_run_reconcile_bucket": OBJECT | {"le"},
    "analysis_run_reconcile_error": OBJECT,
    "controller_clientset_k8s_request_total": OBJECT | {"kind", "verb", "status_code"},
    "argo_rollouts_controller_info": {"version"},
    "build_info": {"version", "goversion", "goarch", "commit"},
    "workqueue_depth": {"name"},
    "workqueue_adds_total": {"name"},
    "workqueue_retries_total": {"name"},
    "workqueue_queue_duration_seconds_bucket": {"name", "le"},
    "workqueue_work_duration_seconds_bucket": {"name", "le"},
    "workqueue_unfinished_work_seconds": {"name"},
    "workqueue_longest_running_processor_seconds": {"name"},
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "process_open_fds": set(),
}
Sample = tuple[str, dict[str, str], float]


def samples(metrics: Metrics) -> list[Sample]:
    """Every line of the page: name, labels, value."""
    families = text_string_to_metric_families(metrics.render().decode())
    return [(sample.name, dict(sample.labels), sample.value) for family in families for sample in family.samples]


def a_judged_canary() -> list[dict[str, object]]:
    """A routed canary whose first step is an analysis."""
    template = a_template("fine")
    return [template, *a_routed_canary({"setWeight": 50}, {"analysis": {"templates": [{"templateName": "fine"}]}})]


def test_the_page_has_the_series_of_argos_controller_with_their_labels() -> None:
    """A dashboard or an alert for Argo Rollouts works unchanged."""

    async def story(shop: Shop) -> list[Sample]:
        metrics = (await shop.start()).controller.metrics
        await shop.world.apply(a_judged_canary())
        await asyncio.sleep(30)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        metrics.attempt_ended("Promoted", 60.0, 50.0, 10.0)
        metrics.requested("Patch", "rollouts", 200, ("shop", "web"))
        metrics.failed("rollout", "shop", "web")
        metrics.failed("analysis_run", "shop", "run")
        return samples(metrics)

    found = tell(story)
    labels = {name: set(labels) for name, labels, _ in found}

    assert {name: labels.get(name) for name in TABLE} == TABLE
    assert {labels["le"] for name, labels, _ in found if name == "rollout_reconcile_bucket"} == {
        *("0.01", "0.15", "0.25", "0.5", "1.0", "+Inf"),
    }


def test_each_phase_has_a_series_of_which_one_is_set() -> None:
    """The deprecated form, as older dashboards want it; rollout_info has the phase in its label."""

    async def story(shop: Shop) -> list[Sample]:
        metrics = (await shop.start()).controller.metrics
        await shop.world.apply([a_canary({"setWeight": 50}, {"pause": {}})])
        await asyncio.sleep(30)
        await shop.use("web:v2")
        await asyncio.sleep(30)
        return samples(metrics)

    found = tell(story)

    assert {labels["phase"]: value for name, labels, value in found if name == "rollout_phase"} == {
        "Completed": 0,
        "Progressing": 0,
        "Paused": 1,
        "Timeout": 0,
        "Error": 0,
        "Abort": 0,
    }
    assert [labels["phase"] for name, labels, _ in found if name == "rollout_info"] == ["Paused"]
    events = {(labels["type"], labels["reason"]) for name, labels, _ in found if name == "rollout_events_total"}
    assert ("Normal", "RolloutPaused") in events


def test_a_deleted_rollout_leaves_the_page_after_one_more_scrape() -> None:
    """What counts stays for 65 seconds, what describes goes at once; nothing of it is left then."""

    async def story(shop: Shop) -> tuple[set[str], set[str]]:
        metrics = (await shop.start()).controller.metrics
        await shop.world.apply([a_canary()])
        await asyncio.sleep(30)
        metrics.requested("Patch", "rollouts", 200, ("shop", "web"))
        await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"))
        await asyncio.sleep(60)
        soon = samples(metrics)
        await asyncio.sleep(10)
        return _about_web(soon), _about_web(samples(metrics))

    soon, late = tell(story)

    assert {"rollout_reconcile_count", "rollout_events_total", "controller_clientset_k8s_request_total"} <= soon
    assert "rollout_info" not in soon
    assert late == set()


def _about_web(found: list[Sample]) -> set[str]:
    return {name for name, labels, _ in found if labels.get("name") == "web"}


def test_a_rollout_that_is_made_anew_keeps_its_series() -> None:
    """Within the minute in which those of its predecessor would go."""

    async def story(shop: Shop) -> set[str]:
        metrics = (await shop.start()).controller.metrics
        await shop.world.apply([a_canary()])
        await asyncio.sleep(30)
        await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"))
        await asyncio.sleep(30)
        await shop.world.apply([a_canary()])
        await asyncio.sleep(90)
        return _about_web(samples(metrics))

    assert {"rollout_reconcile_count", "rollout_events_total"} <= tell(story)


def test_names_without_end_are_in_no_label() -> None:
    """Series of pods, ReplicaSets and events would add up for as long as the controller runs."""
    metrics = Metrics()
    for number in range(100):
        metrics.requested("Create", "events", 201)
        metrics.requested("Patch", "replicasets", 200)
        metrics.attempt_ended("Promoted", float(number), float(number))

    counted = [labels for name, labels, _ in samples(metrics) if name == "controller_clientset_k8s_request_total"]
    assert [(labels["kind"], labels["name"], labels["namespace"]) for labels in counted] == [
        ("events", "N/A", "N/A"),
        ("replicasets", "N/A", "N/A"),
    ]
