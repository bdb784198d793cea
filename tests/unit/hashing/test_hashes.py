"""Template and step hashes: the public functions of the package."""

from typing import Any

import pytest

from rollouts.hashing import rollout_template_hash, steps_hash, template_hash
from rollouts.hashing.encode import encoder
from rollouts.hashing.scalars import Malformed

LABELLED = {"metadata": {"labels": {"app": "demo"}}}


def a_template(**container: Any) -> dict[str, Any]:
    """A template of one container."""
    return {**LABELLED, "spec": {"containers": [{"name": "app", "image": "nginx:1.25", **container}]}}


def json_of(template: Any) -> str:
    """What is hashed of a Rollout with this template."""
    return rollout_template_hash({"spec": {"template": template}}).json


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(None, "5ffbfbbd64"), ([], "5ffbfbbd64"), ([{"pause": {}}], "6b9b86fbd5"), ([{"pause": {}}] * 2, "79c9b9f6bf")],
)
def test_steps_have_argos_hashes(steps: Any, expected: str) -> None:
    """Known lists of steps hash to the values that Argo writes to status.currentStepHash."""
    assert steps_hash({"canary": {"steps": steps}}) == expected


@pytest.mark.parametrize("strategy", [None, {}, {"canary": None}, {"blueGreen": {"activeService": "a"}}])
def test_only_a_canary_has_a_step_hash(strategy: Any) -> None:
    """Blue-green and a missing strategy give the empty text."""
    assert steps_hash(strategy) == ""


def test_fields_come_in_gos_order_and_resources_always() -> None:
    """Name goes before image whatever the manifest's order, unknown fields are dropped, resources are written empty."""
    template = a_template(unknown=1, command=[])
    template["spec"]["containers"][0] = dict(reversed(template["spec"]["containers"][0].items()))

    expected = (
        '{"metadata":{"labels":{"app":"demo"}},'
        '"spec":{"containers":[{"name":"app","image":"nginx:1.25","resources":{}}]}}'
    )
    assert json_of(template) == expected


def test_a_collision_changes_the_hash_even_at_zero() -> None:
    """No collision count and a count of zero are two hashes, and each count is another."""
    hashes = [template_hash(a_template(), count) for count in (None, 0, 1, 2)]

    assert len(set(hashes)) == 4


def test_a_standalone_template_hashes_like_the_rollouts() -> None:
    """A workload's template and the same template inside a Rollout give one name."""
    manifest = {"spec": {"template": a_template()}, "status": {"collisionCount": 3}}

    assert rollout_template_hash(manifest).hash == template_hash(a_template(), 3)


def test_a_wrong_type_leaves_zero_and_the_rest() -> None:
    """A text where a number belongs is lost alone; other fields stay."""
    hashed = rollout_template_hash({"spec": {"template": a_template(ports=[{"containerPort": "x", "name": "web"}])}})

    assert hashed.is_salvaged
    assert '"ports":[{"name":"web","containerPort":0}]' in hashed.json


def test_a_bad_quantity_ends_the_reading_in_alphabetical_order() -> None:
    """What comes after the bad quantity in the alphabet is lost at every level, the collision count too."""
    resources = {"requests": {"cpu": "1gb"}}
    template = a_template(resources=resources, ports=[{"containerPort": 80}], securityContext={"runAsNonRoot": True})

    hashed = rollout_template_hash({"spec": {"template": template}, "status": {"collisionCount": 1}})

    assert hashed.json.endswith('"ports":[{"containerPort":80}],"resources":{}}]}}')
    assert hashed.collision_count is None


def test_only_the_fallback_forgives_a_keys_case() -> None:
    """A key in the wrong case is unknown, unless something else in the manifest is malformed."""
    strict = a_template(imagepullpolicy="Always")
    broken = a_template(imagepullpolicy="Always", tty="yes")

    assert "Always" not in json_of(strict)
    assert '"imagePullPolicy":"Always"' in json_of(broken)


def test_a_fault_in_the_strategy_also_means_the_fallback() -> None:
    """The whole Rollout is decoded at once: a bad surge, which is read before the template, leaves no template."""
    manifest = {"spec": {"strategy": {"canary": {"maxSurge": [1]}}, "template": a_template()}}

    hashed = rollout_template_hash(manifest)

    assert hashed.is_salvaged
    assert hashed.json == '{"metadata":{},"spec":{"containers":null}}'


@pytest.mark.parametrize("spec", [None, "x", [], {"template": None}])
def test_a_rollout_without_a_template_still_hashes(spec: Any) -> None:
    """Nothing to hash is the empty template, not an exception."""
    assert rollout_template_hash({"spec": spec}).json == '{"metadata":{},"spec":{"containers":null}}'


def test_integers_wrap_as_gos_conversion_does() -> None:
    """A number beyond 32 bits is cut to its lower bits."""
    assert '"containerPort":5' in json_of(a_template(ports=[{"containerPort": 2**33 + 5}]))


def test_times_are_written_in_utc() -> None:
    """A time with an offset is written in UTC without its fraction."""
    template = {"metadata": {"creationTimestamp": "2024-01-01T01:30:00.5+02:00"}}

    assert '"creationTimestamp":"2023-12-31T23:30:00Z"' in json_of(template)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("string", 1),
        ("bool", "true"),
        ("int32", 1.5),
        ("Quantity", True),
        ("IntOrString", 2**40),
        ("Time", "yesterday"),
        ("Time", "2024-13-01T00:00:00Z"),
        ("[]string", "x"),
        ("{}string", []),
        ("Container", []),
    ],
)
def test_each_type_refuses_what_is_not_its_own(word: str, value: Any) -> None:
    """The strict encoder raises Malformed for a value of another JSON type."""
    with pytest.raises(Malformed):
        encoder(word)(value)
