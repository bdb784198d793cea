"""What a queue shows of itself, by a clock in the test's hand."""

from rollouts.controller.kinds.protocol import Key
from rollouts.controller.meters import Meter
from rollouts.telemetry.metrics import Metrics

WEB, API = Key("rollouts", "shop", "web"), Key("rollouts", "shop", "api")


class Watch:
    """A clock that stands still between two settings."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_queue_shows_how_long_keys_wait_and_rounds_take() -> None:
    """Under the names of client-go, so that dashboards of controllers fit."""
    metrics, watch = Metrics(), Watch()
    meter = Meter(metrics, "rollouts", watch)
    for key in (WEB, API):
        meter.added(key)
    watch.now = 103.0
    meter.began(WEB)
    watch.now = 105.0
    took = meter.ended(WEB)
    meter.failed()
    meter.began(API)
    watch.now = 106.0
    shown = {row.metric: row.value for row in meter.rows(depth=7)}
    page = metrics.render().decode()

    assert took == 2.0
    assert shown == {
        "workqueue_depth": 7,
        "workqueue_unfinished_work_seconds": 1.0,
        "workqueue_longest_running_processor_seconds": 1.0,
    }
    assert 'workqueue_adds_total{name="rollouts"} 2.0' in page
    assert 'workqueue_retries_total{name="rollouts"} 1.0' in page
    assert 'workqueue_queue_duration_seconds_sum{name="rollouts"} 8.0' in page
    assert 'workqueue_work_duration_seconds_sum{name="rollouts"} 2.0' in page
