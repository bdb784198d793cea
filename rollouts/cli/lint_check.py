"""What is wrong with manifests, by the controller's own code. Called by the lint command with what files gave.

Three looks at each object, the first that finds a field faulty has it: the schema that the API server will enforce, the
dialect's validation, and the references to other objects, seen as the controller will see them (observe.snapshot_of).
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import dirname

from rollouts.cli.arguments import did_you_mean
from rollouts.cli.lint_analyses import UNDECLARED, trial_faults
from rollouts.cli.lint_canaries import CLAMPED, canary_faults, chat_faults, template_faults
from rollouts.cli.lint_experiments import analysis_faults, spec_faults, step_faults
from rollouts.cli.lint_places import Places, steps_of
from rollouts.cli.lint_schema import UNSERVED, is_known, schema_faults
from rollouts.cli.looking import Looking, Shelf
from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.controller.caches import Caches
from rollouts.controller.observe import Observer, snapshot_of
from rollouts.controller.resources import Resources
from rollouts.controller.roster import ALWAYS
from rollouts.dialects.argo.analysis import faults_of, parse_template
from rollouts.gitsync.manifests import Manifest, Manifests, doubles
from rollouts.model.errors import UndecodableError
from rollouts.model.faults import Fault
from rollouts.traffic.registry import UNKNOWN

_MISSING = re.compile(r"""(\w+) ["']([^"']+)["'] not found$""")
ERROR, WARNING = "error", "warning"
RULES = {
    "file": "The file cannot be read as manifests.",
    "duplicate": "One object is defined in two places.",
    "schema": "The API server will refuse or drop the field.",
    "validation": "The controller will refuse the object (InvalidSpec).",
    "reference": "What the object names is not there, or does not fit.",
}
"""Names of the looks, as programs get them, with what each is about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake and its place. `line` and `column` count from 1, 0 where they are not known."""

    rule: str
    severity: str
    file: str
    line: int
    column: int
    object: str
    path: str
    message: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All findings in order of file and place, and how much was looked at."""

    findings: tuple[Finding, ...]
    objects: int
    files: int
    known: int = 0  # objects of kinds that are looked into

    @property
    def errors(self) -> int:
        """Findings that are to be mended."""
        return sum(finding.severity == ERROR for finding in self.findings)


def check(found: Manifests, texts: Mapping[str, str], *, is_whole: bool) -> Report:
    """Look at everything. `is_whole`: what is named and is not there is missing, not just somewhere else."""
    places = Places(texts)
    placed = _in_namespaces(found.items)
    findings = [
        *(_of_file("file", fault) for fault in found.faults),
        *(_of_duplicate(fault) for fault in doubles(Manifests(placed))),
    ]
    shelf = [item.object for item in placed]
    for item in placed:
        for rule, fault in _first_by_path(_faults(item.object, shelf)):
            findings.append(_located(rule, _cured(fault, shelf), item, places, is_whole=is_whole))
    files = {item.file for item in placed} | {finding.file for finding in findings}
    ordered = sorted(findings, key=lambda f: (f.file, f.line, f.column))
    return Report(tuple(dict.fromkeys(ordered)), len(placed), len(files), sum(map(is_known, shelf)))


def _in_namespaces(items: Sequence[Manifest]) -> tuple[Manifest, ...]:
    """Objects as a cluster would have them; those without a namespace go to the only one that is named, or default."""
    named = {item.object["metadata"].get("namespace") for item in items} - {None, ""}
    usual = named.pop() if len(named) == 1 else "default"
    return tuple(replace(item, object=_placed(item.object, usual, index)) for index, item in enumerate(items))


def _placed(obj: Json, namespace: str, index: int) -> Json:
    is_wide = obj["kind"].startswith("Cluster") or obj["kind"] in ("Namespace", "CustomResourceDefinition")
    place = {} if is_wide else {"namespace": obj["metadata"].get("namespace") or namespace}
    return {**obj, "metadata": {**obj["metadata"], **place, "uid": f"file-{index}", "resourceVersion": "1"}}


Ruled = tuple[str, Fault]


def _faults(obj: Json, shelf: Sequence[Json]) -> Iterator[Ruled]:
    for fault in schema_faults(obj):
        yield "schema", fault
    look = _LOOKS.get((obj["apiVersion"].rpartition("/")[0], obj["kind"]))
    if look is not None:
        yield from look(obj, shelf)


def _first_by_path(found: Iterator[Ruled]) -> Iterator[Ruled]:
    """A field whose type is wrong is told of once, and not again by each look at it."""
    by_schema: list[str] = []
    for rule, fault in found:
        if rule == "schema":
            by_schema.append(_plain(fault.path))
        elif _plain(fault.path) in by_schema:
            continue
        yield rule, fault


def _plain(path: str) -> str:
    """The path without the names that Argo leaves out."""
    return ".".join(str(step) for step in steps_of(path) if step not in ("canary", "blueGreen"))


def _rollout(obj: Json, shelf: Sequence[Json]) -> Iterator[Ruled]:
    observer = Observer(_caches(shelf), Resources(Looking(Shelf(shelf))))
    try:
        world = asyncio.run(observer.gather(obj))
    except UndecodableError as error:
        yield "validation", Fault("", str(error), "write it as a Rollout")
        return
    for fault in world.rollout.faults:
        yield ("reference" if fault.message.endswith(" not found") else "validation"), fault
    for fault in (*snapshot_of(world).reference_faults, *step_faults(obj, shelf)):
        yield "reference", fault


def _caches(shelf: Sequence[Json]) -> Caches:
    caches = Caches((*ALWAYS, kinds.CLUSTER_ANALYSIS_TEMPLATES))
    for obj in shelf:
        caches.put(obj)
    return caches


def _template(obj: Json, _shelf: Sequence[Json]) -> Iterator[Ruled]:
    for fault in (*faults_of(parse_template(obj)), *trial_faults(obj)):
        yield "validation", fault


def _experiment(obj: Json, shelf: Sequence[Json]) -> Iterator[Ruled]:
    for fault in spec_faults(obj):
        yield "validation", fault
    for fault in analysis_faults(obj.get("spec") or {}, "spec", obj["metadata"].get("namespace", ""), shelf):
        yield "reference", fault


_LOOKS: Mapping[tuple[str, str], Callable[[Json, Sequence[Json]], Iterator[Ruled]]] = {
    ("argoproj.io", "Rollout"): _rollout,
    ("argoproj.io", "AnalysisTemplate"): _template,
    ("argoproj.io", "ClusterAnalysisTemplate"): _template,
    ("argoproj.io", "AnalysisRun"): _template,
    ("argoproj.io", "Experiment"): _experiment,
    (kinds.CANARIES.group, "Canary"): canary_faults,
    (kinds.METRIC_TEMPLATES.group, "MetricTemplate"): template_faults,
    (kinds.ALERT_PROVIDERS.group, "AlertProvider"): chat_faults,
}


def _of_file(rule: str, fault: Fault) -> Finding:
    """A fault whose path is `file:line`."""
    file, _, line = fault.path.rpartition(":")
    is_placed = bool(file) and line.isdigit()
    at = (file, int(line), 1) if is_placed else (fault.path, 0, 0)
    return Finding(rule, ERROR, *at, "", "", fault.message, fault.cure)


def _of_duplicate(fault: Fault) -> Finding:
    """Two folders may well be two ways to deploy the same thing."""
    finding = _of_file("duplicate", fault)
    other = fault.message.rpartition(" ")[2].rpartition(":")[0]
    return finding if dirname(other) == dirname(finding.file) else replace(finding, severity=WARNING)


def _cured(fault: Fault, shelf: Sequence[Json]) -> Fault:
    """A fault about a name that leads nowhere, with the names that were perhaps meant."""
    found = _MISSING.search(fault.message)
    if found is None:
        return fault
    kind, name = found.group(1).lower(), found.group(2)
    near = did_you_mean(name, {obj["metadata"]["name"] for obj in shelf if obj["kind"].lower() == kind})
    return replace(fault, cure=near[2:] or fault.cure)


def _located(rule: str, fault: Fault, item: Manifest, places: Places, *, is_whole: bool) -> Finding:
    place = places.of(item.file, item.line, fault.path)
    meta = item.object["metadata"]
    name = "/".join(filter(None, (item.object["kind"], meta.get("namespace"), meta["name"])))
    is_plugin = fault.message.startswith(UNKNOWN) and ".plugins[" in fault.path  # the controller may have it
    is_missing = fault.message.endswith("not found") and (not is_whole or "ClusterAnalysisTemplate" in fault.message)
    is_elsewhere = fault.message.startswith(UNDECLARED)  # in a template that is used beside this one
    is_borne = fault.message.endswith((UNSERVED, CLAMPED))
    severity = WARNING if is_missing or is_plugin or is_elsewhere or is_borne else ERROR
    return Finding(rule, severity, item.file, place.line, place.column, name, fault.path, fault.message, fault.cure)
