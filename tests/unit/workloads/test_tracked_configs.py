"""Copies of configuration: which, from where, whose; and the pods that name them."""

import pytest

from rollouts.dialects.flagger.generated import Flags
from rollouts.dialects.flagger.revision import TRACKING
from rollouts.model import effects as e
from rollouts.model.objects import Json
from rollouts.workloads import twins
from tests.builders.copying import PROMOTE, Surroundings, a_config, reading, surroundings
from tests.builders.ticking import a_canary

CREATE = e.CreateCopy("web-primary", 2)
NAMED: Json = {"configMapRef": {"name": "env"}}


def env_from(*sources: Json) -> Json:
    """A target whose container takes its environment from these."""
    return reading({"name": "main", "envFrom": list(sources)})


def names_in(pod: Json) -> str:
    """The pod's spec as text."""
    return str(pod["spec"]["template"]["spec"])


PLACES = {
    "envFrom": env_from(NAMED),
    "env": reading(
        {"name": "main", "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "env", "key": "k"}}}]}
    ),
    "initContainers": reading(initContainers=[{"name": "init", "envFrom": [NAMED]}]),
    "volumes": reading(volumes=[{"name": "v", "configMap": {"name": "env"}}]),
    "projected": reading(volumes=[{"name": "v", "projected": {"sources": [{"configMap": {"name": "env"}}]}}]),
}
SECRETS = {
    "envFrom": env_from({"secretRef": {"name": "env"}}),
    "env": reading(
        {"name": "main", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "env", "key": "k"}}}]}
    ),
    "volumes": reading(volumes=[{"name": "v", "secret": {"secretName": "env"}}]),
    "projected": reading(volumes=[{"name": "v", "projected": {"sources": [{"secret": {"name": "env"}}]}}]),
}


@pytest.mark.parametrize(
    ("kind", "target"),
    [*(("ConfigMap", each) for each in PLACES.values()), *(("Secret", each) for each in SECRETS.values())],
)
def test_the_copy_reads_copies_wherever_a_config_is_named(kind: str, target: Json) -> None:
    """A target that is judged with another configuration changes nothing for the version that serves."""
    here = surroundings(a_config("env", kind), target=target)

    here.does(CREATE)

    assert here.the(kind, "env-primary")["data"] == {"k": "1"}
    assert "'env-primary'" in names_in(here.the("Deployment", "web-primary"))
    assert "'env'" in names_in(here.the("Deployment", "web"))


@pytest.mark.parametrize(
    "config",
    [
        a_config("env", metadata={"annotations": {TRACKING: "disabled"}}),
        a_config("other"),
    ],
)
def test_what_is_shared_or_missing_is_named_as_it_is(config: Json) -> None:
    """A user may share a config on purpose; pods may start without an optional one."""
    here = surroundings(config, target=env_from({"configMapRef": {"name": "env", "optional": True}}))

    here.does(CREATE)

    assert not here.has("ConfigMap", "env-primary")
    assert "'env'" in names_in(here.the("Deployment", "web-primary"))


def test_secrets_of_kubernetes_are_not_copied() -> None:
    """A token belongs to its account, a registry's password to the kubelet."""
    token = a_config("env", "Secret", type="kubernetes.io/service-account-token")
    here = surroundings(token, target=SECRETS["envFrom"])

    here.does(CREATE)

    assert not here.has("Secret", "env-primary")


def test_an_operator_who_tracks_nothing_has_everything_shared() -> None:
    """By a flag."""
    canary = a_canary(provider="istio")
    here = Surroundings(canary, a_config("env"), PLACES["envFrom"], flags=Flags(tracks_configs=False))

    here.does(CREATE)

    assert not here.has("ConfigMap", "env-primary")
    assert twins.obstacles(here.copying, {here.copying.target: PLACES["envFrom"]}).copy == ""


def test_copies_change_with_a_promotion_and_not_before() -> None:
    """What was taken out goes, too."""
    here = surroundings(a_config("env", metadata={"labels": {"team/a": "1"}}), target=PLACES["envFrom"])
    here.flags = Flags(label_prefixes=("team/",))
    here.does(CREATE)
    here.edits("ConfigMap", "env", {"data": {"k": None, "new": "2"}, "metadata": {"labels": {"team/a": None}}})

    here.does(e.Tend(e.SERVICES))
    assert here.the("ConfigMap", "env-primary")["data"] == {"k": "1"}

    here.does(PROMOTE)
    copy = here.the("ConfigMap", "env-primary")
    assert (copy["data"], copy["metadata"].get("labels")) == ({"new": "2"}, None)


@pytest.mark.parametrize(("strict", "kept"), [(False, True), (True, False)])
def test_bytes_are_copied_and_to_the_letter_get_lost(strict: bool, kept: bool) -> None:
    """Flagger's primary starts without its keystore."""
    here = surroundings(a_config("env", binaryData={"b": "AAEC"}), target=PLACES["envFrom"], strict=strict)

    here.does(CREATE)

    assert ("binaryData" in here.the("ConfigMap", "env-primary")) is kept


def test_a_copy_that_two_canaries_share_outlives_the_first() -> None:
    """Both own it, one controls it."""
    here = surroundings(a_config("env"), target=PLACES["envFrom"])
    here.does(CREATE)
    other = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "b", "uid": "other", "controller": True}
    here.edits("ConfigMap", "env-primary", {"metadata": {"ownerReferences": [other]}})

    here.does(PROMOTE)

    owners = here.the("ConfigMap", "env-primary")["metadata"]["ownerReferences"]
    assert [(owner["uid"], owner["controller"]) for owner in owners] == [("other", False), ("uid", True)]


def test_all_configs_are_among_what_is_read() -> None:
    """With their copies: whoever gathers objects asks for just these."""
    here = surroundings(target=PLACES["envFrom"])
    refs = twins.touches(here.copying, PLACES["envFrom"])

    assert [ref.name for ref in refs if ref.kind == "ConfigMap"] == ["env", "env-primary"]
    assert len(refs) == len(set(refs))
