"""What counts as a change of the target."""

from typing import Any

import pytest

from rollouts.dialects.flagger.revision import is_ours, revision_of, tracked_of
from rollouts.hashing.configs import configs_of
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

    assert tracked_of(USER, before) != tracked_of(USER, after)


def test_to_the_letter_bytes_do_not_count() -> None:
    """Flagger sees text only; where there are no bytes both hashes are the same, so that a take-over is no change."""
    plain, keyed = {ENV: a_config()}, {ENV: a_config(binaryData={"k": "AA=="})}

    assert tracked_of(USER, keyed, strict=True) == tracked_of(USER, plain) == tracked_of(USER, plain, strict=True)
    assert tracked_of(USER, {ENV: a_config(data={"A": "1"})}) == {"configmap/env": "c73dd9fca58e98a9"}


def test_a_service_has_no_configuration_and_its_spec_counts() -> None:
    """Where the target is a Service, what it selects is what is delivered."""
    one, two = ({"kind": "Service", "apiVersion": "v1", "spec": {"selector": {"app": app}}} for app in "ab")

    assert tracked_of(one, {}) is None
    assert revision_of(one) != revision_of(two)


def test_knative_is_followed_by_the_name_of_its_revision() -> None:
    """A Service of Knative's makes a revision of every template."""
    service = {"kind": "Service", "apiVersion": "serving.knative.dev/v1", "spec": {}}

    assert revision_of({**service, "status": {"latestCreatedRevisionName": "web-00002"}}) == "sluice-web-00002"


def test_a_daemon_set_at_rest_is_no_other_version() -> None:
    """The selector that keeps it off every node does not count; the user's own does."""
    daemon_set = {**using(nodeSelector={"disk": "fast"}), "kind": "DaemonSet"}
    resting = {**using(nodeSelector={"disk": "fast", "flagger.app/scale-to-zero": "true"}), "kind": "DaemonSet"}

    assert revision_of(daemon_set) == revision_of(resting) != revision_of({**using(), "kind": "DaemonSet"})


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

    assert tracked_of(user, {(config["kind"], "env"): config}) == {}


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
