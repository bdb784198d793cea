"""What an Experiment makes: names, hashes, owners, ports and arguments, to the letter."""

from typing import Any

import pytest

from analysis.errors import ArgumentError
from rollouts.cluster.port import Json
from rollouts.dialects.argo.experiment_objects import (
    hashes_of,
    missing_templates,
    render_experiment_effect,
    service_of_rollout,
    template_of,
)
from rollouts.hashing import template_hash
from rollouts.model.experiment import CreateService, CreateTemplate, ExperimentEffect, StartRun
from rollouts.model.keys import EXPERIMENT, EXPERIMENT_TEMPLATE, HASH_LABEL
from rollouts.model.objects import Create
from tests.builders.manifests import a_template, a_version, an_experiment, analysed

MARKS = {EXPERIMENT: "trial", EXPERIMENT_TEMPLATE: "one"}


def manifest(*versions: Json, **spec: Any) -> Json:
    """An Experiment as the server has it."""
    made = an_experiment(*(versions or (a_version("one", "web:v1"),)), **spec)
    made["metadata"] |= {"namespace": "shop", "uid": "u-1"}
    return made


def made(
    effect: ExperimentEffect, trial: Json, *, ports: tuple[Json, ...] = (), templates: tuple[Json, ...] = ()
) -> Json:
    """The body of what an effect creates, beside a ReplicaSet for each template."""
    sets = {
        version["name"]: render(CreateTemplate(version["name"], f"trial-{version['name']}"), trial)
        for version in trial["spec"]["templates"]
    }
    change = render_experiment_effect(effect, trial, sets, templates, ports)
    assert isinstance(change, Create)
    return change.body


def render(effect: CreateTemplate, trial: Json) -> Json:
    """A ReplicaSet."""
    change = render_experiment_effect(effect, trial, {}, ())
    assert isinstance(change, Create)
    return change.body


def test_a_replica_set_is_the_template_with_a_hash_of_its_own() -> None:
    """Without pods; found by its annotations, and by nothing else."""
    version = a_version("one", "web:v1", minReadySeconds=5)
    body = render(CreateTemplate("one", "trial-one"), manifest(version))
    own = template_hash(version["template"], None)

    assert body["metadata"]["labels"] == {HASH_LABEL: own}
    assert body["metadata"]["annotations"] == MARKS
    assert body["spec"]["selector"] == {"matchLabels": {"app": "one", HASH_LABEL: own}}
    assert body["spec"]["template"]["metadata"]["labels"] == {"app": "one", HASH_LABEL: own}
    assert (body["spec"]["replicas"], body["spec"]["minReadySeconds"]) == (0, 5)
    (owner,) = body["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("Experiment", "trial", "u-1", True)
    assert template_of(body, manifest()) == "one"


def test_no_two_versions_have_one_hash() -> None:
    """Neither two of the experiment nor one of it and the rollout's that it was taken from."""
    version = a_version("one", "web:v1")
    bare = template_hash(version["template"], None)
    taken = a_version("two", "web:v1", app="one")
    taken["template"]["metadata"]["labels"][HASH_LABEL] = bare
    hashes = hashes_of(manifest(version, taken, a_version("three", "web:v1", app="one")))

    assert len({*hashes.values(), bare}) == 4


def test_a_collision_that_was_counted_once_still_counts() -> None:
    """Argo's controller may have been here before."""
    trial = manifest()
    trial["status"] = {"templateStatuses": [{"name": "one", "collisionCount": 2}]}

    assert hashes_of(trial)["one"] == template_hash(trial["spec"]["templates"][0]["template"], 2)


def test_a_service_leads_to_the_ports_of_the_containers() -> None:
    """Named as they are; a single one needs no name."""
    body = made(CreateService("one", "trial-one"), manifest(a_version("one", "web:v1", service={})))

    assert body["spec"]["ports"] == [{"port": 8080, "targetPort": 8080}]
    assert list(body["spec"]["selector"]) == [HASH_LABEL]
    assert body["metadata"]["annotations"] == MARKS


def test_several_ports_have_names() -> None:
    """Kubernetes wants it so; and a port of TCP is another one than a port of UDP."""
    version = a_version("one", "web:v1")
    version["template"]["spec"]["containers"][0]["ports"] += [
        {"containerPort": 8080, "protocol": "UDP"},
        {"containerPort": 8080},
        {"containerPort": 9090, "name": "metrics"},
    ]
    body = made(CreateService("one", "trial-one"), manifest(version))
    names = [port["name"] for port in body["spec"]["ports"]]

    assert [(port["port"], port.get("protocol")) for port in body["spec"]["ports"]] == [
        (8080, None),
        (8080, "UDP"),
        (9090, None),
    ]
    assert len(set(names)) == 3
    assert all(len(name) <= 15 for name in names)


def test_a_step_s_service_has_the_ports_of_the_rollout_s() -> None:
    """Routes lead to port 80; what only the server knows of them stays behind."""
    ports: tuple[Json, ...] = ({"name": "http", "port": 80, "targetPort": "http", "nodePort": 31000},)
    body = made(CreateService("one", "x"), manifest(), ports=ports)

    assert body["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http"},
        {"port": 8080, "targetPort": 8080, "name": "port-8080-1"},
    ]


def test_the_service_of_a_rollout() -> None:
    """Of a canary the stable one's, of ping-pong either."""
    assert service_of_rollout({"spec": {"strategy": {"canary": {"stableService": "s"}}}}) == "s"
    assert service_of_rollout({"spec": {"strategy": {"canary": {"pingPong": {"pingService": "p"}}}}}) == "p"
    assert service_of_rollout({"spec": {"strategy": {"canary": {}}}}) == ""


def test_arguments_are_filled_in_when_a_run_is_made() -> None:
    """Tags, fields of the Experiment, and Secrets by name; what has no value is an error."""
    template = a_template()
    template["spec"]["args"] = [{"name": name} for name in ("set", "owner", "token")]
    secret = {"secretKeyRef": {"name": "creds", "key": "token"}}
    args = [
        {"name": "set", "value": "{{templates.one.replicaset.name}}"},
        {"name": "owner", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "token", "valueFrom": secret},
    ]
    trial = manifest(analyses=[analysed(args=args)])
    body = made(StartRun("check", "trial-check"), trial, templates=(template,))
    assert body["spec"]["args"] == [
        {"name": "set", "value": "trial-one"},
        {"name": "owner", "value": "trial"},
        {"name": "token", "valueFrom": secret},
    ]
    trial["spec"]["analyses"][0]["args"] = args[:1]

    with pytest.raises(ArgumentError, match=r"args\.owner was not resolved"):
        made(StartRun("check", "trial-check"), trial, templates=(template,))


def test_missing_templates_are_named_as_kubernetes_does() -> None:
    """By analysis; nested ones count."""
    nested = a_template("check")
    nested["spec"]["templates"] = [{"templateName": "inner", "clusterScope": True}]
    trial = manifest(analyses=[analysed(), analysed("other", template="gone")])

    assert missing_templates(trial, (nested,)) == {
        "check": 'clusteranalysistemplate.argoproj.io "inner" not found',
        "other": 'analysistemplate.argoproj.io "gone" not found',
    }
