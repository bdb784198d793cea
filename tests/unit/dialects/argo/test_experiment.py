"""The Experiment of a step, as Argo writes it; and how far one came."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.errors import ArgumentError
from rollouts.dialects.argo.experiment import experiment_of, render_experiment
from rollouts.dialects.argo.rollout import parse
from rollouts.model.effects import StartExperiment
from rollouts.model.objects import Json
from rollouts.model.snapshot import TemplateSeen
from rollouts.model.strategy import Canary, Experiment

RECORDED = Path(__file__).parents[3] / "golden" / "data" / "status_transitions.jsonl.gz"
STABLE, NEW = "aaa", "bbb"


def created() -> Iterator[tuple[Json, Json]]:
    """The recorded rounds in which Argo created an Experiment, and what it created."""
    with gzip.open(RECORDED, "rt") as lines:
        for case in map(json.loads, lines):
            for write in case["output"]["writes"]:
                if (write["verb"], write["resource"]) == ("create", "experiments"):
                    yield case["input"], write["object"]


def the_step(manifest: Json) -> Experiment:
    """The experiment step of a manifest."""
    strategy = parse(manifest).strategy
    assert isinstance(strategy, Canary)
    return next(step for step in strategy.steps if isinstance(step, Experiment))


def a_replica_set(template_hash: str, image: str) -> Json:
    """A version."""
    labels = {"app": "web", "rollouts-pod-template-hash": template_hash}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}}
    spec = {"minReadySeconds": 5, "selector": {"matchLabels": labels}, "template": pods}
    return {"kind": "ReplicaSet", "metadata": {"name": f"web-{template_hash}", "labels": labels}, "spec": spec}


def rendered(step: Json, *held: Json, **meta: object) -> Json:
    """The Experiment of this step in a Rollout with these metadata."""
    spec = {"strategy": {"canary": {"steps": [{"experiment": step}]}}, "progressDeadlineSeconds": 77}
    manifest = {"kind": "Rollout", "metadata": {"name": "web", "namespace": "shop", "uid": "u", **meta}, "spec": spec}
    effect = StartExperiment("web-bbb-2-0", the_step(manifest), NEW, STABLE, 2)
    sets = held or (a_replica_set(STABLE, "web:v1"), a_replica_set(NEW, "web:v2"))
    return render_experiment(effect, parse(manifest), manifest, sets)


def test_it_is_written_as_argo_writes_it() -> None:
    """Each recorded Experiment, field by field."""
    count = 0
    for given, wanted in created():
        manifest = next(obj for obj in given["objects"] if obj["kind"] == "Rollout")
        sets = [obj for obj in given["objects"] if obj["kind"] == "ReplicaSet"]
        status = parse(manifest).status
        effect = StartExperiment(wanted["metadata"]["name"], the_step(manifest), status.current, status.stable, 2)
        body = render_experiment(effect, parse(manifest), manifest, sets)
        count += 1
        assert {"metadata": body["metadata"], "spec": body["spec"]} == wanted
    assert count


def test_versions_get_what_the_step_gives_them() -> None:
    """Labels into pods and selector, annotations into pods, a Service where there is a weight or a name."""
    metadata = {"labels": {"who": "base"}, "annotations": {"why": "test"}}
    base = {"name": "base", "specRef": "stable", "replicas": 3, "weight": 5, "metadata": metadata}
    body = rendered({"templates": [base, {"name": "can", "specRef": "canary", "service": {"name": "can-svc"}}]})
    first, second = body["spec"]["templates"]

    assert first["template"]["metadata"] == {
        "labels": {"app": "web", "rollouts-pod-template-hash": STABLE, "who": "base"},
        "annotations": {"why": "test"},
    }
    assert first["selector"]["matchLabels"]["who"] == "base"
    assert (first["replicas"], first["service"], first["minReadySeconds"]) == (3, {}, 5)
    assert second["service"] == {"name": "can-svc"}
    assert second["template"]["spec"]["containers"][0]["image"] == "web:v2"
    assert body["spec"]["progressDeadlineSeconds"] == 77


def test_analyses_know_the_versions() -> None:
    """Hashes and fields of the Rollout are put in at the moment of its making."""
    args = [
        {"name": "old", "valueFrom": {"podTemplateHashValue": "Stable"}},
        {"name": "new", "valueFrom": {"podTemplateHashValue": "Latest"}},
        {"name": "team", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['team']"}}},
    ]
    check = {"name": "a", "templateName": "check", "clusterScope": True, "requiredForCompletion": True, "args": args}
    step = {"templates": [], "analyses": [check], "dryRun": [{"metricName": ".*"}], "scaleDownDelaySeconds": 9}
    body = rendered(step, labels={"team": "shop"})

    assert body["spec"]["analyses"][0] == {
        **check,
        "args": [{"name": n, "value": v} for n, v in (("old", STABLE), ("new", NEW), ("team", "shop"))],
    }
    assert (body["spec"]["dryRun"], body["spec"]["scaleDownDelaySeconds"]) == ([{"metricName": ".*"}], 9)
    assert body["metadata"]["labels"] == {"team": "shop", "rollouts-pod-template-hash": NEW}


def test_a_version_that_is_gone_is_named() -> None:
    """Nothing is made of half of them."""
    with pytest.raises(ArgumentError, match="template base: the stable version is not there"):
        rendered({"templates": [{"name": "base", "specRef": "stable"}]}, a_replica_set(NEW, "web:v2"))


def test_how_far_it_came_is_read() -> None:
    """Phase and message, and where each version is reached."""
    status = {
        "phase": "Running",
        "templateStatuses": [{"name": "base", "serviceName": "base-svc", "podTemplateHash": "ccc"}, {"name": "can"}],
    }
    obj = {**rendered({"templates": []}), "status": status}
    seen = experiment_of({**obj, "spec": {"terminate": True}})

    assert (seen.name, seen.phase, seen.hash, seen.is_terminating) == ("web-bbb-2-0", "Running", NEW, True)
    assert seen.templates == (TemplateSeen("base", "base-svc", "ccc"), TemplateSeen("can"))
