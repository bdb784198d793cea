"""TraefikServices: the group that the flags name, and objects that cannot be weighted."""

from typing import Any

import pytest

from rollouts.model.objects import Json
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Share, Shares, Unknown
from rollouts.traffic.protocol import Desired, Options
from rollouts.traffic.traefik import provider
from tests.builders.rollouts import a_rollout

PROVIDER = provider(Options())
SPLIT = Desired(Shares(Share(20, "canary"), Share(80, "stable")))


def routed(**settings: Any) -> tuple[Rollout, Router]:
    """A rollout with this router."""
    router = Router("traefik", settings)
    return a_rollout(Canary((), "stable", "canary", (router,))), router


def a_service(*names: str) -> Json:
    """A TraefikService that weighs these Services."""
    return {"metadata": {"name": "web"}, "spec": {"weighted": {"services": [{"name": name} for name in names]}}}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(), "traefik.io/v1alpha1"),
        (Options(traefik_group="traefik.containo.us"), "traefik.containo.us/v1alpha1"),
        (Options(traefik_api_version="traefik.io/v1beta1"), "traefik.io/v1beta1"),
    ],
)
def test_the_group_is_a_flags_business(options: Options, expected: str) -> None:
    """The group comes from one flag, the version from the other."""
    (ref,) = provider(options).touches(*routed(weightedTraefikServiceName="web"))

    assert ref.api_version == expected


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        (None, 'traefikservices.traefik.io "web" not found'),
        ({"spec": {"mirroring": {}}}, "spec.weighted.services was not found in traefik service manifest"),
        (a_service("stable"), "traefik canary service was not found"),
        (a_service("canary"), "traefik stable service was not found"),
    ],
)
def test_what_stands_in_the_way_is_told_in_argos_words(obj: Json | None, words: str) -> None:
    """Nothing is written to an object that lacks what is to be weighted, and its weights are unknown."""
    rollout, router = routed(weightedTraefikServiceName="web")
    (ref,) = PROVIDER.touches(rollout, router)

    rendered = PROVIDER.render(rollout, router, {ref: obj}, SPLIT)

    assert (rendered.changes, rendered.error) == ((), words)
    assert PROVIDER.read(rollout, router, {ref: obj}) == Unknown(words)


def test_a_name_is_needed() -> None:
    """A router without a name is a fault of its own."""
    (fault,) = PROVIDER.faults(*routed(), {})

    assert fault.path.endswith("traefik.weightedTraefikServiceName")
    assert PROVIDER.touches(*routed()) == ()


def test_an_object_without_weights_is_as_git_says() -> None:
    """What Git does not weigh holds no lease."""
    wanted: Json = {"metadata": {"name": "web"}, "spec": {"mirroring": {}}}

    kept = PROVIDER.keep(wanted, a_service("stable", "canary"), *routed(weightedTraefikServiceName="web"))

    assert kept == wanted
