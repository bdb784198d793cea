"""The folders examples/experiment and examples/canary-experiment run as they stand; virtual time."""

import asyncio
from collections.abc import Mapping

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.dialects.argo.analysis import faults_of, parse_template
from rollouts.dialects.argo.experiment_spec import parse_experiment
from rollouts.dialects.argo.rollout import parse
from tests.unit.controller.stories import Shop, tell
from tests.unit.test_examples import SCENARIO, SHOP, documents, opened


async def phases(shop: Shop) -> Mapping[str, str]:
    """The phases of all experiments."""
    found = await shop.listed(kinds.EXPERIMENTS)
    return {trial["metadata"]["name"]: trial.get("status", {}).get("phase", "") for trial in found}


def of_kind(folder: str, kind: str) -> Json:
    """The object of this kind in a folder."""
    return next(obj for obj in documents(folder) if obj["kind"] == kind)


def test_the_manifests_are_without_fault() -> None:
    """Experiment, rollout and templates."""
    assert parse_experiment(of_kind("experiment", "Experiment")).faults == ()
    assert parse(of_kind("canary-experiment", "Rollout")).faults == ()
    for folder in ("experiment", "canary-experiment"):
        assert faults_of(parse_template(of_kind(folder, "AnalysisTemplate"))) == ()


def test_the_smoke_test_ends_the_experiment() -> None:
    """Two versions and their Services stand until the Job is done; then nothing of them is left."""

    async def story(shop: Shop) -> None:
        await opened(shop, "experiment")
        assert await phases(shop) == {"shop-trial": "Successful"}
        (job,) = await shop.listed(kinds.JOBS)
        assert job["spec"]["template"]["spec"]["containers"][0]["command"][-1] == "http://shop-next:8080/"
        services = {service["metadata"]["name"] for service in await shop.listed(kinds.SERVICES)}
        assert services == {"shop-trial-stable", "shop-next"}
        await asyncio.sleep(60)
        assert await shop.sizes() == {f"{SHOP}:v1": 0, f"{SHOP}:v2": 0}
        assert await shop.listed(kinds.SERVICES) == []

    tell(story, SCENARIO)


@pytest.mark.parametrize(("tag", "phase"), [("v2", "Healthy"), ("errors", "Degraded")])
def test_a_candidate_is_compared_with_a_fresh_baseline(tag: str, phase: str) -> None:
    """Each has a tenth of the requests meanwhile; a worse one never gets more."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "canary-experiment")
        await shop.use(f"{SHOP}:{tag}", "shop")
        await asyncio.sleep(25)
        (name,) = await phases(shop)
        shares = await shop.weights("shop")
        assert shares == {"shop-stable": 80, "shop-canary": 0, f"{name}-baseline": 10, f"{name}-candidate": 10}
        await asyncio.sleep(300)
        assert (await shop.phase("shop"))[0] == phase
        assert (await phases(shop))[name] == ("Successful" if phase == "Healthy" else "Failed")
        assert await shop.weights("shop") == {"shop-stable": 100, "shop-canary": 0}

    tell(story, SCENARIO)
