"""What is wrong with a spec, beyond the golden category `validation`: texts, order, and what is not looked at."""

from typing import Any

import pytest

from rollouts.dialects.argo.validation import rollout_faults

Json = dict[str, Any]
PODS = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "web"}]}}
SELECTOR = {"matchLabels": {"app": "web"}}
REFERENCE = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


def faults_of(*, is_resolved: bool = False, **spec: Any) -> list[str]:
    """What is wrong with a spec that is sound but for these fields."""
    whole = {"selector": SELECTOR, "template": PODS, "strategy": {"canary": {}}, **spec}
    return [str(fault) for fault in rollout_faults(whole, is_resolved=is_resolved)]


def canary(**fields: Any) -> Json:
    """A canary of these fields."""
    return {"canary": fields}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (
            {"blueGreen": {"activeService": "a", "scaleDownDelayRevisionLimit": 11}},
            "spec.strategy.scaleDownDelayRevisionLimit: Invalid value: 11: This rollout's revision history limit can "
            "not be smaller than the rollout's scale down limit",
        ),
        (
            canary(scaleDownDelaySeconds=30),
            "spec.strategy.scaleDownDelaySeconds: Invalid value: 30: Canary scaleDownDelaySeconds can only be used "
            "with traffic routing",
        ),
        (
            canary(maxSurge="-5%", maxUnavailable=0),
            'spec.strategy.maxSurge: Invalid value: "-5%": MaxSurge and MaxUnavailable both can not be zero',
        ),
        (
            canary(steps=[{"pause": {"duration": "soon"}}]),
            "spec.strategy.steps[0].pause.duration: Invalid value: -1: Duration needs to be greater than 0",
        ),
    ],
)
def test_the_texts_are_argos(strategy: Json, expected: str) -> None:
    """Mistakes that no golden case makes alone."""
    assert faults_of(strategy=strategy) == [expected]


@pytest.mark.parametrize("field", ["replicas", "minReadySeconds"])
def test_a_number_that_no_replica_set_can_have_is_refused(field: str) -> None:
    """More than 32 bits pass the definition; Argo would cut them, to two pods for example."""
    wrong = f"spec.{field}: Invalid value: 4294967298: must be less than or equal to 2147483647"
    too_many: Json = {field: 2**32 + 2}
    most: Json = {field: 2**31 - 1}

    assert wrong in faults_of(**too_many)
    assert not any(field in fault and "less than" in fault for fault in faults_of(**most))


def test_a_preview_that_no_replica_set_can_have_is_refused() -> None:
    """The size of a preview becomes one of a ReplicaSet, too."""
    sized = {"blueGreen": {"activeService": "a", "previewReplicaCount": 2**31}}

    assert faults_of(strategy=sized) == [
        "spec.strategy.blueGreen.previewReplicaCount: Invalid value: 2147483648: "
        "must be less than or equal to 2147483647"
    ]


def test_an_argument_may_be_a_label_of_any_valid_key() -> None:
    """A subscript must be a key that a label could have; a field that metadata has not is refused."""

    def argument(path: str) -> list[str]:
        arg = {"name": "a", "valueFrom": {"fieldRef": {"fieldPath": path}}}
        return faults_of(strategy=canary(steps=[{"analysis": {"templates": [], "args": [arg]}}]))

    assert argument("metadata.labels['app.kubernetes.io/name']") == argument("metadata.annotations['UPPER']") == []
    assert len(argument("metadata.labels['a b']")) == len(argument("metadata.name['a']")) == 1
    assert argument("spec.anything.at.all") == []


def test_a_reference_stands_in_for_the_template() -> None:
    """Until it is resolved, only a template beside it is wrong; then what it led to is judged."""
    assert faults_of(workloadRef=REFERENCE, template=None, selector=None) == []
    assert faults_of(workloadRef=REFERENCE) == [
        "spec.template: Internal error: template must be empty for workload reference rollout"
    ]
    assert faults_of(workloadRef=REFERENCE, is_resolved=True) == []
    assert faults_of(workloadRef=REFERENCE, template=None, is_resolved=True)[1:] == [
        "spec.template.spec.containers: Required value"
    ]


def test_values_of_the_wrong_type_count_as_absent() -> None:
    """What Go cannot read is zero to it: an image that is a number is no image."""
    odd = {**PODS, "spec": {"containers": [{"name": "app", "image": 5}]}}

    assert faults_of(template=odd, replicas="three", strategy={"canary": {"steps": "none"}}) == [
        "spec.template.spec.containers[0].image: Required value"
    ]
