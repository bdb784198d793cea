"""The flow of requests, tick by tick: rate → routes' weights → Services → ready endpoints → answers.

A Service without ready endpoints answers 503; a rule whose weights are all zero, a missing Service and a backend that
is none answer 500 (Gateway API). All of them count as errors that users saw.
"""

import asyncio
import random
from collections.abc import Hashable, Iterator
from datetime import datetime

from rollouts.cluster.port import Json
from rollouts.simulator.scenario import Scenario, ScenarioError
from rollouts.simulator.series import Series
from rollouts.simulator.traffic import latency as of_latency
from rollouts.simulator.traffic.gateway import Backend, Entry, entry_of_route, entry_of_service, is_marked
from rollouts.simulator.traffic.mesh import entry_of_mesh
from rollouts.simulator.traffic.recorder import Recorder, Source
from rollouts.simulator.traffic.served import Served, Tally, Version
from rollouts.simulator.traffic.split import Split
from rollouts.simulator.traffic.standing import Standing
from rollouts.simulator.workloads.rounds import Now
from rollouts.simulator.workloads.selectors import Key, key_of
from rollouts.simulator.workloads.views import Views


class Traffic:
    """All requests of the embedded cluster. `served` has the totals, `faults` the objects whose rate is no number."""

    def __init__(self, views: Views, scenario: Scenario, series: Series, now: Now) -> None:
        self.served = Served()
        self.faults: dict[Key, ScenarioError] = {}
        self._views = views
        self._standing = Standing(views, scenario)
        self._scenario = scenario
        self._now = now
        self._recorder = Recorder(series)
        self._dice = random.Random(scenario.seed)
        self._splits: dict[Hashable, Split] = {}
        self._fractions: dict[tuple[str, str, str], float] = {}
        self._marked: dict[Key, None] = {}
        self._present: dict[Source, None] = {}
        self._last = now()
        views.services.listen(self._service_changed)

    @property
    def errors_seen_by_users(self) -> int:
        """Every request so far that did not end well."""
        return self.served.total.errors

    def errors_all_at_once(self, image: str, since: datetime) -> float:
        """The errors that users would have seen had this image taken all traffic at that moment."""
        return self.served.requests_since(since) * self._scenario.behaviour(image).error_rate

    async def run(self) -> None:
        """A tick at every beat; until cancelled."""
        self._last = beat = self._now()
        while True:
            beat = max(beat + self._scenario.tick, self._now())
            await asyncio.sleep((beat - self._now()).total_seconds())
            self.tick()

    def tick(self) -> None:
        """Send what has become due since the last tick, and write the counters down."""
        now = max(self._now(), self._last)  # a machine's clock may be set back; samples may not
        seconds = (now - self._last).total_seconds()
        self._present = {}
        for entry in self._entries():
            self._send(entry, self._arrivals(entry, seconds))
        self._recorder.forget_others(self._present)
        self._recorder.write(now.timestamp())
        self.served.mark(now)
        self._last = now

    def _service_changed(self, before: Json | None, after: Json | None) -> None:
        if after is not None and is_marked(after):
            self._marked[key_of(after)] = None
        else:
            self._marked.pop(key_of(after or before or {}), None)

    def _entries(self) -> Iterator[Entry]:
        self.faults = {}
        marked = (self._views.services.get(key) for key in sorted(self._marked))
        for obj in (*sorted(self._views.routes, key=key_of), *sorted(self._views.meshes, key=key_of), *marked):
            entry = self._entry(obj) if obj is not None else None
            if entry is not None and entry.rate > 0 and entry.rules:
                yield entry

    def _entry(self, obj: Json) -> Entry | None:
        try:
            match obj["kind"]:
                case "Service":
                    return entry_of_service(obj)
                case "VirtualService":
                    return entry_of_mesh(obj, tuple(self._views.subsets), self._scenario)
                case _:
                    return entry_of_route(obj, self._scenario)
        except ScenarioError as error:
            self.faults[key_of(obj)] = error
            return None

    def _arrivals(self, entry: Entry, seconds: float) -> int:
        """Whole requests; the fraction waits for the next tick."""
        swing = 1 + self._scenario.noise * self._dice.gauss(0, 1) if self._scenario.noise else 1.0
        due = self._fractions.get(entry.place, 0.0) + max(0.0, entry.rate * seconds * swing)
        count = int(due + 1e-9)  # ten tenths are one request
        self._fractions[entry.place] = due - count
        return count

    def _send(self, entry: Entry, requests: int) -> None:
        rules = dict.fromkeys(range(len(entry.rules)), 1.0)
        for index, part in self._split("rules", entry.place).share(requests, rules).items():
            self._choose(entry, index, part)

    def _choose(self, entry: Entry, rule: int, requests: int) -> None:
        backends = entry.rules[rule]
        for backend in backends:
            self._show(entry, backend)
        weights = {index: float(backend.weight) for index, backend in enumerate(backends)}
        if not any(weights.values()):
            self._refuse(entry, "", "500", requests)
            return
        for index, part in self._split("backends", (entry.place, rule)).share(requests, weights).items():
            self._reach(entry, backends[index], part)

    def _show(self, entry: Entry, backend: Backend) -> None:
        """A version behind a route has counters before its first request, as a scraped application has."""
        if backend.service is not None:
            for version in self._versions(backend.service, backend.hash):
                self._open(entry, backend.service, version)

    def _versions(self, service: Key, narrowed_to: str) -> dict[Version, int]:
        found = self._standing.versions(service)
        return {version: count for version, count in found.items() if narrowed_to in ("", version.hash)}

    def _reach(self, entry: Entry, backend: Backend, requests: int) -> None:
        service = backend.service
        if service is None or not self._standing.exists(service):
            self._refuse(entry, service[1] if service else "", "500", requests)
            return
        versions = self._versions(service, backend.hash)
        if not versions:
            self._refuse(entry, service[1], "503", requests)
            return
        weights = {version: float(endpoints) for version, endpoints in versions.items()}
        for version, part in self._split("versions", (entry.place, service)).share(requests, weights).items():
            self._answer(self._open(entry, service, version), version, part)

    def _answer(self, source: Source, version: Version, requests: int) -> None:
        behaviour = self._scenario.behaviour(version.image)
        rates = {"200": 1 - behaviour.error_rate, "500": behaviour.error_rate}
        codes = self._split("errors", source).share(requests, rates)
        for code, count in codes.items():
            self._recorder.count(source, code, count)
        seconds = requests * of_latency.mean(behaviour.latency)
        self.served.add(version, Tally(requests, codes.get("500", 0), seconds))

    def _refuse(self, entry: Entry, service: str, code: str, requests: int) -> None:
        """The gateway answers itself."""
        if requests:
            source = Source(entry.namespace, entry.route, service, "")
            self._recorder.open(source, None, self._last.timestamp())
            self._recorder.count(source, code, requests)
            self.served.add(Version(), Tally(requests, requests))

    def _open(self, entry: Entry, service: Key, version: Version) -> Source:
        source = Source(entry.namespace, entry.route, service[1], version.hash)
        self._present[source] = None
        self._recorder.open(source, self._scenario.behaviour(version.image).latency, self._last.timestamp())
        return source

    def _split(self, kind: str, place: Hashable) -> Split:
        return self._splits.setdefault((kind, place), Split(self._dice if self._scenario.noise else None))
