"""The metrics page: Argo's names, and no series of what is gone."""

from rollouts.telemetry.metrics import Metrics, Row


def page(metrics: Metrics) -> list[str]:
    """The samples, without comments."""
    return [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]


def test_counters_have_the_names_of_argos_controller() -> None:
    """Dashboards and alerts keep working."""
    metrics = Metrics()
    metrics.took("rollout", "default", "web", 0.02)
    metrics.failed("rollout", "default", "web")
    metrics.told("default", "web", "Normal", "RolloutPaused")
    metrics.requested("Patch", "pods", 200)

    assert {
        'rollout_reconcile_bucket{le="0.15",name="web",namespace="default"} 1.0',
        'rollout_reconcile_error{name="web",namespace="default"} 1.0',
        'rollout_events_total{name="web",namespace="default",reason="RolloutPaused",type="Normal"} 1.0',
        "controller_clientset_k8s_request_total"
        '{kind="pods",name="N/A",namespace="N/A",status_code="200",verb="Patch"} 1.0',
    } <= set(page(metrics))


def test_rows_are_asked_for_at_each_scrape() -> None:
    """What is gone from the caches is gone from the page."""
    metrics, phases = Metrics(), {"web": "Paused"}
    metrics.describe(lambda: [Row("rollout_info", {"name": name, "phase": phase}) for name, phase in phases.items()])

    assert 'rollout_info{name="web",phase="Paused"} 1.0' in page(metrics)
    phases.clear()
    assert not [line for line in page(metrics) if line.startswith("rollout_info")]


def test_a_deleted_object_leaves_no_series() -> None:
    """Names come and go; the page does not grow for ever."""
    metrics = Metrics()
    for name in ("web", "api"):
        metrics.took("rollout", "default", name, 0.02)
        metrics.told("default", name, "Normal", "RolloutPaused")
    metrics.forget("default", "web")

    assert not [line for line in page(metrics) if 'name="web"' in line]
    assert [line for line in page(metrics) if 'name="api"' in line]


def test_unknown_kinds_have_no_durations() -> None:
    """Kinds of the sync loop are not measured under Argo's names."""
    metrics = Metrics()
    metrics.took("", "default", "repo", 0.02)
    metrics.failed("", "default", "repo")

    assert not [line for line in page(metrics) if "repo" in line]
