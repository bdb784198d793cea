"""AnalysisRuns: one round of one run. Called by the workers; what to do is decided in analysis.decide.

A measurement is never awaited here: it is a task of its own that wakes the key when it has landed, after a breath in
which others of the same run may land, too, so that they share a write. So a slow provider holds neither a worker nor
the other metrics of its run, and a run that is told to end ends at once: what is under way is dropped. Results lie in
memory only between a task's end and the next round; after a crash they are measured again. The order of a round: take
in what has landed, decide, start what is due, write the status (a merge patch on the object: this kind has no status
subresource), then tell of it. A run that has ended is left alone: it has no key in the queue and no details in memory.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from analysis.decide import Due, RunPlan, Taken, Task, decide, record, settle, wakes_at
from analysis.errors import AnalysisError
from analysis.model import Measurement, Phase, RunSpec, RunStatus
from analysis.ports import Ports
from analysis.requests import RunIdentity
from analysis.runner import Job, Runner
from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, NotFoundError, ServerError
from rollouts.cluster.port import Cluster, DeleteOptions, Json, Resource, Target
from rollouts.controller.caches import Caches
from rollouts.controller.clock import Clock
from rollouts.controller.echo import is_echo
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.report import status_patch, write_status
from rollouts.controller.secrets import read_secrets
from rollouts.controller.wakers import key_of
from rollouts.dialects.argo.analysis import parse_run
from rollouts.dialects.argo.analysis_run import is_over, parse_status, project_status
from rollouts.model.plan import Event
from rollouts.model.reading import mapping
from rollouts.telemetry.logs import log
from rollouts.telemetry.metrics import Row

Emit = Callable[[Json, Event], Awaitable[None]]
BREATH = 0.5
"""Seconds that a landed measurement waits for the others of its run that are under way."""


@dataclass(slots=True)
class _Flights:
    """The measurements of one run that are under way, by metric, and those that have landed and are not written.

    `ending` are metrics whose task under way ends a pending measurement: that may take the provider a while.
    """

    uid: str
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    ending: set[str] = field(default_factory=set)
    landed: list[Taken] = field(default_factory=list)
    breath: asyncio.TimerHandle | None = None

    def land(self, taken: Taken, wake: Callable[[], None]) -> None:
        """One has landed; `wake` is called when all have, or after a breath."""
        self.tasks.pop(taken.name, None)
        self.ending.discard(taken.name)
        self.landed.append(taken)
        if not self.tasks:
            self._exhale()
            wake()
        elif self.breath is None:
            self.breath = asyncio.get_running_loop().call_later(BREATH, wake)

    def written(self, count: int) -> None:
        """The first so many of those that have landed are in the status."""
        del self.landed[:count]
        if not self.landed:
            self._exhale()

    def _exhale(self) -> None:
        if self.breath is not None:
            self.breath.cancel()
            self.breath = None

    def drop(self, name: str) -> None:
        """Give one up."""
        self.ending.discard(name)
        task = self.tasks.pop(name, None)
        if task is not None:
            task.cancel()

    def drop_all(self) -> None:
        """Give all up that have not landed."""
        self._exhale()
        for name in tuple(self.tasks):
            self.drop(name)


class AnalysisRuns:
    """The Kind of AnalysisRun. `wake` asks for a round of a key; it is called when a measurement has landed."""

    def __init__(  # the parts of the shell that it stands on, each once
        self, cluster: Cluster, caches: Caches, ports: Ports, clock: Clock, emit: Emit, wake: Callable[[Key], None]
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._runs = caches.of(kinds.ANALYSIS_RUNS)
        self._runner = Runner(ports, clock, _tell_of_circuit)
        self._clock = clock
        self._emit = emit
        self._wake = wake
        self._flights: dict[Key, _Flights] = {}
        self._unsure: set[Key] = set()
        self._sweeps: set[asyncio.Task[None]] = set()

    @property
    def resource(self) -> Resource:
        """AnalysisRuns of argoproj.io."""
        return kinds.ANALYSIS_RUNS

    def is_over(self, run: Json) -> bool:
        """Whether the run has ended, and stays."""
        return is_over(run)

    def rows(self) -> Iterator[Row]:
        """The metric services that are left alone for the moment, for the metrics page."""
        for address, unanswered in self._runner.asking.open_circuits():
            yield Row("sluice_metric_service_unanswered_requests", {"address": address}, unanswered)

    async def reconcile(self, key: Key, now: datetime) -> datetime | None:
        """One round; returns when time alone calls for the next."""
        run = await self._find(key)
        if run is None or run["metadata"].get("deletionTimestamp"):
            self._forget(key)
            return None
        flights = self._flights_of(key, run)
        landed = len(flights.landed)
        plan = self._decided(key, run, flights, now)
        if plan.is_expired:
            await self._delete(run)
            self._forget(key)
            return None
        try:
            run = await self._write(run, plan.status)
        except NotFoundError:
            self._runs.remove(run)
            self._forget(key)
            return None
        except ServerError:
            self._unsure.add(key)  # the write may have taken effect: look before deciding again
            raise
        flights.written(landed)
        self._sweep(key, flights, run, plan)
        self._tidy(key, flights)
        for event in plan.events:
            await self._emit(run, Event(event.reason, event.message, is_warning=event.is_warning))
        return plan.wake_at

    async def close(self) -> None:
        """Give up every measurement under way."""
        tasks = [task for flights in self._flights.values() for task in flights.tasks.values()]
        for key in tuple(self._flights):
            self._forget(key)
        for task in self._sweeps:
            task.cancel()
        tasks += self._sweeps
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, key: Key) -> Json | None:
        if key not in self._unsure:
            return self._runs.get(key.namespace, key.name)
        try:
            self._runs.put(await self._cluster.get(Target(kinds.ANALYSIS_RUNS, key.name, key.namespace)))
        except NotFoundError:
            return None
        return self._runs.get(key.namespace, key.name)

    def _flights_of(self, key: Key, run: Json) -> _Flights:
        uid = run["metadata"].get("uid", "")
        flights = self._flights.get(key)
        if flights is None or flights.uid != uid:
            self._drop(key)
            flights = self._flights[key] = _Flights(uid)
        return flights

    def _decided(self, key: Key, run: Json, flights: _Flights, now: datetime) -> RunPlan:
        """The plan of this round; what is due is on its way when this returns."""
        spec, status = parse_run(run), parse_status(run)
        if not status.phase.is_done:
            status = _with(spec, status, flights.landed, is_repeat=key in self._unsure)
        self._unsure.discard(key)
        plan = decide(spec, status, now)
        if plan.due and flights.landed:
            plan = replace(settle(spec, plan.status, now), due=plan.due)
        if plan.status.phase.is_done:
            flights.drop_all()
            return plan
        for due in plan.due:
            self._start(key, flights, _job(key, flights, spec, plan.status, due))
        if not flights.tasks:
            return plan
        if flights.ending:  # a round before they have landed could only end them again
            return replace(plan, wake_at=None)
        return replace(plan, wake_at=wakes_at(spec, plan.status, now, besides=flights.tasks))

    def _start(self, key: Key, flights: _Flights, job: Job) -> None:
        due = job.due
        if due.task is Task.TERMINATE and due.name not in flights.ending:
            flights.drop(due.name)
            flights.ending.add(due.name)
        if due.name not in flights.tasks:
            flights.tasks[due.name] = asyncio.create_task(self._measure(key, flights, job))

    async def _measure(self, key: Key, flights: _Flights, job: Job) -> None:
        started, due = self._clock().replace(microsecond=0), job.due
        try:
            secrets = await read_secrets(self._cluster, key.namespace, job.args)
            taken = await self._runner.measure(replace(job, secrets=secrets))
        except (ClusterError, AnalysisError) as error:
            taken = Taken(due.name, Measurement(Phase.ERROR, started, started, message=str(error)))
        except Exception as error:  # a defect of ours must end as a verdict, not as a run that waits for ever
            log().error("measuring failed", run=_title(key), metric=due.name, error=_place_of(error))
            taken = Taken(due.name, Measurement(Phase.ERROR, started, started, message=_place_of(error)))
        flights.land(taken, lambda: self._wake(key))

    def _sweep(self, key: Key, flights: _Flights, run: Json, plan: RunPlan) -> None:
        """Have taken away what measurements that fell off the status left behind; nobody waits for it."""
        metrics = {metric.name: metric for metric in parse_run(run).metrics} if plan.crowded else {}
        for name, keep in plan.crowded.items():
            if name in metrics and self._runner.collects(metrics[name]):
                sweep = asyncio.create_task(
                    self._collect(key, flights.uid, run, Due(name, metrics[name], Task.MEASURE), keep)
                )
                self._sweeps.add(sweep)
                sweep.add_done_callback(self._sweeps.discard)

    async def _collect(self, key: Key, uid: str, run: Json, due: Due, keep: int) -> None:
        args = parse_run(run).args
        try:
            secrets = await read_secrets(self._cluster, key.namespace, args)
            await self._runner.collect(Job(due, args, secrets, RunIdentity(key.namespace, key.name, uid)), keep)
        except (ClusterError, AnalysisError) as error:
            log().warning("old measurements keep what they left", run=_title(key), metric=due.name, error=str(error))

    async def _write(self, run: Json, status: RunStatus) -> Json:
        patch = status_patch(mapping(run.get("status")), project_status(status))
        if not patch:
            return run
        answer = await write_status(self._cluster, kinds.ANALYSIS_RUNS, observed=run, held=run, patch=patch)
        is_known = is_echo(run, {"status": patch}, answer)
        self._caches.put(answer, unheard_by=key_of(run, kinds.ANALYSIS_RUNS) if is_known else None)
        return answer

    async def _delete(self, run: Json) -> None:
        meta = run["metadata"]
        target = Target(kinds.ANALYSIS_RUNS, meta["name"], meta.get("namespace"))
        try:
            await self._cluster.delete(target, DeleteOptions(propagation="Background", uid=meta.get("uid", "")))
        except NotFoundError:
            self._runs.remove(run)

    def _tidy(self, key: Key, flights: _Flights) -> None:
        if not flights.tasks and not flights.landed and self._flights.get(key) is flights:
            del self._flights[key]

    def _drop(self, key: Key) -> None:
        flights = self._flights.pop(key, None)
        if flights is not None:
            flights.drop_all()

    def _forget(self, key: Key) -> None:
        self._drop(key)
        self._unsure.discard(key)


def _job(key: Key, flights: _Flights, spec: RunSpec, status: RunStatus, due: Due) -> Job:
    """The measurement that is due; its secrets are read when it is taken. Argo: all but the running one are counted."""
    result = status.result(due.name)
    number = 1 if result is None else result.count + result.error + 1
    return Job(due, spec.args, {}, RunIdentity(key.namespace, key.name, flights.uid, status.started), number)


def _with(spec: RunSpec, status: RunStatus, landed: list[Taken], *, is_repeat: bool) -> RunStatus:
    """The status with what has landed; `is_repeat`: but for what a write of unknown fate has brought in already."""
    for taken in landed:
        result = status.result(taken.name)
        if is_repeat and result is not None and taken.measurement in result.measurements:
            continue
        status = record(spec, status, taken)
    return status


def _place_of(error: Exception) -> str:
    """What broke, and where. Not its words: those of an unforeseen error may quote a secret."""
    *_, last = traceback.extract_tb(error.__traceback__)
    return f"a defect of sluice: {type(error).__name__} in {last.name} ({Path(last.filename).name}:{last.lineno})"


def _title(key: Key) -> str:
    return f"{key.namespace}/{key.name}"


def _tell_of_circuit(address: str, is_open: bool) -> None:
    if is_open:
        log().warning("metric service is left alone for a while: it does not answer", address=address)
    else:
        log().info("metric service answers again", address=address)
