"""What counts as a change of the target."""

from typing import Any

import pytest

from rollouts.dialects.flagger.revision import configs_of, is_ours, revision_of
from rollouts.model.objects import Json
from tests.builders.ticking import a_deployment

ENV = ("ConfigMap", "env")


def using(**pod: object) -> Json:
    """A Deployment whose pods have these fields."""
    deployment = a_deployment()
    deployment["spec"]["template"]["spec"] |= pod
    return deployment


def a_config(kind: str = "ConfigMap", **fields: Any) -> Json:
    """A ConfigMap or Secret."""
    return {"kind": kind, "metadata": {"name": "env"}, "data": {"a": "1"}, **fields}


USER = using(volumes=[{"configMap": {"name": "env"}}])


def test_the_template_counts_and_replicas_do_not() -> None:
    """Another image is another revision; another size is not."""
    assert revision_of(a_deployment(replicas=1)) == revision_of(a_deployment(replicas=9))
    assert revision_of(a_deployment("web:1")) != revision_of(a_deployment("web:2"))


def test_a_revision_bears_our_mark() -> None:
    """So it is never taken for one of Flagger's."""
    assert is_ours(revision_of(a_deployment()))
    assert not is_ours("5d8b9c7f4")


@pytest.mark.parametrize("field", ["data", "binaryData"])
def test_configuration_counts(field: str) -> None:
    """A changed value of a config that the pods use is a change, bytes included."""
    before, after = ({ENV: {**a_config(), field: {"k": value}}} for value in ("old", "new"))

    assert revision_of(USER, before) != revision_of(USER, after)


@pytest.mark.parametrize(
    "config",
    [
        a_config(metadata={"name": "env", "annotations": {"flagger.app/config-tracking": "disabled"}}),
        a_config("Secret", type="kubernetes.io/service-account-token"),
    ],
)
def test_shared_configuration_does_not_count(config: Json) -> None:
    """What users share on purpose, and Secrets that Kubernetes makes, change by themselves."""
    user = using(volumes=[{"configMap": {"name": "env"}}, {"secret": {"secretName": "env"}}])

    assert revision_of(user, {(config["kind"], "env"): config}) == revision_of(user)


def test_every_place_of_configuration_is_found() -> None:
    """Volumes, projected ones, variables and whole environments, of init containers too."""
    deployment = using(
        volumes=[
            {"configMap": {"name": "a"}},
            {"secret": {"secretName": "b"}},
            {"projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "d"}}]}},
            {"emptyDir": {}},
        ],
        containers=[{"envFrom": [{"configMapRef": {"name": "e"}}, {"secretRef": {"name": "f"}}]}],
        initContainers=[
            {"env": [{"valueFrom": {"configMapKeyRef": {"name": "g"}}}, {"valueFrom": {"secretKeyRef": {"name": "h"}}}]}
        ],
    )

    assert sorted(name + kind[0] for kind, name in configs_of(deployment)) == [
        "aC",
        "bS",
        "cC",
        "dS",
        "eC",
        "fS",
        "gC",
        "hS",
    ]
