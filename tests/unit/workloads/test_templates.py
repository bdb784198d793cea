"""Which pod templates are one and the same."""

from copy import deepcopy
from typing import Any

import pytest

from rollouts.model.objects import Json
from rollouts.workloads.templates import is_same_template

WANTED: Json = {
    "metadata": {"labels": {"app": "shop"}, "annotations": {"checksum/config": "1"}},
    "spec": {
        "serviceAccountName": "shop",
        "containers": [
            {
                "name": "shop",
                "image": "shop:v1",
                "ports": [{"containerPort": 8080}],
                "env": [{"name": "MODE", "value": "fast"}],
                "livenessProbe": {"httpGet": {"port": 8080}},
                "securityContext": {"runAsUser": 0},
            }
        ],
        "volumes": [{"name": "settings", "configMap": {"name": "settings"}}],
    },
}


def stored(template: Json) -> Json:
    """The template as a ReplicaSet has it once an API server has stored it."""
    live = deepcopy(template)
    live["metadata"]["labels"]["rollouts-pod-template-hash"] = "abc"
    live["metadata"]["creationTimestamp"] = None
    live["spec"] |= {
        "serviceAccount": "shop",
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    live["spec"]["volumes"][0]["configMap"]["defaultMode"] = 420
    container = live["spec"]["containers"][0]
    container |= {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    container["ports"][0]["protocol"] = "TCP"
    container["livenessProbe"] |= {
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    container["livenessProbe"]["httpGet"] |= {"path": "/", "scheme": "HTTP"}
    return live


def test_what_kubernetes_fills_in_makes_no_difference() -> None:
    """A ReplicaSet of this very template is recognised after a server has stored it."""
    assert is_same_template(WANTED, stored(WANTED))


@pytest.mark.parametrize(
    "where",
    [
        ("metadata", "annotations"),
        ("metadata", "annotations", "checksum/config"),
        ("spec", "volumes"),
        ("spec", "containers", 0, "env"),
        ("spec", "containers", 0, "env", 0, "value"),
        ("spec", "containers", 0, "ports", 0),
        ("spec", "containers", 0, "livenessProbe"),
        ("spec", "containers", 0, "securityContext", "runAsUser"),
    ],
    ids=str,
)
def test_a_field_that_only_one_side_has_is_a_difference(where: tuple[Any, ...]) -> None:
    """Added or taken away: both are updates, whatever the field."""
    less = deepcopy(WANTED)
    holder: Any = less
    for part in where[:-1]:
        holder = holder[part]
    del holder[where[-1]]

    assert not is_same_template(less, stored(WANTED))
    assert not is_same_template(WANTED, less)


@pytest.mark.parametrize("image", ["shop:v2", "shop"])
def test_another_image_is_another_template(image: str) -> None:
    """A change of what the user wrote is never taken for a default."""
    theirs = deepcopy(WANTED)
    theirs["spec"]["containers"][0]["image"] = image

    assert not is_same_template(theirs, stored(WANTED))


@pytest.mark.parametrize(
    ("image", "policy"),
    [("shop", "Always"), ("host:5000/shop", "Always"), ("shop:latest", "Always"), ("shop@sha256:1", "IfNotPresent")],
)
def test_the_pull_policy_that_is_filled_in_follows_the_tag(image: str, policy: str) -> None:
    """Kubernetes pulls an image each time that has no tag of its own."""
    wanted: Json = {"spec": {"containers": [{"name": "shop", "image": image}]}}
    other = "Always" if policy == "IfNotPresent" else "IfNotPresent"

    def live(filled_in: str) -> Json:
        return {"spec": {"containers": [{"name": "shop", "image": image, "imagePullPolicy": filled_in}]}}

    assert is_same_template(wanted, live(policy))
    assert not is_same_template(wanted, live(other))
