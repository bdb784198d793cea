"""What a queue shows of itself: how long keys wait, how long rounds take, what is tried again. Filled by queues."""

from collections.abc import Callable, Iterator

from rollouts.controller.kinds.protocol import Key
from rollouts.telemetry.metrics import Metrics, Row


class Meter:
    """The numbers of one queue, under client-go's names; `time` is the loop's, in seconds."""

    def __init__(self, metrics: Metrics, name: str, time: Callable[[], float]) -> None:
        self._series = metrics.queue(name)
        self._name = name
        self._time = time
        self._added: dict[Key, float] = {}
        self._began: dict[Key, float] = {}

    def added(self, key: Key) -> None:
        """The key waits for its round from now on."""
        self._series.adds.inc()
        self._added[key] = self._time()

    def began(self, key: Key) -> None:
        """Its round begins."""
        now = self._began[key] = self._time()
        self._series.queued.observe(now - self._added.pop(key, now))

    def ended(self, key: Key) -> float:
        """Its round has ended, however; the seconds that it took."""
        took = self._time() - self._began.pop(key)
        self._series.worked.observe(took)
        return took

    def failed(self) -> None:
        """A round failed, and the key is tried again."""
        self._series.retries.inc()

    def rows(self, depth: int) -> Iterator[Row]:
        """How it looks at this moment."""
        labels, now = {"name": self._name}, self._time()
        running = [now - began for began in self._began.values()]
        yield Row("workqueue_depth", labels, depth)
        yield Row("workqueue_unfinished_work_seconds", labels, sum(running))
        yield Row("workqueue_longest_running_processor_seconds", labels, max(running, default=0.0))
