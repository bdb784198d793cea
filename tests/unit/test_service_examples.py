"""examples/analysis-services: every template is without fault, and asks its service as soon as it has its arguments."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.model import Metric
from analysis.providers import PROVIDERS
from analysis.requests import Cluster, Defaults, Http, RunIdentity, Secret, Setting
from analysis.template import resolve
from rollouts.cluster import kinds
from rollouts.dialects.argo.analysis import Template, faults_of, parse_template
from rollouts.simulator.clock import virtual_now
from tests.unit.analysis.providers.conversing import NOW
from tests.unit.controller.stories import Shop, an_object, tell

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "analysis-services"
FILES = sorted(FOLDER.glob("*.yaml"))
SECRETS = {
    "datadog": {"api-key": "a", "app-key": "b"},
    "newrelic": {"personal-api-key": "a", "account-id": "1"},
    "wavefront-api-tokens": {"example.wavefront.com": "a"},
    "influxdb": {"address": "http://influx", "authToken": "a", "org": "b"},
}
"""What the README says of them."""


def template_of(file: Path) -> Template:
    """The template in a file."""
    return parse_template(yaml.safe_load(file.read_text()))


def metric_of(file: Path) -> Metric:
    """Its metric, with a word for each argument."""
    template = template_of(file)
    (metric,) = template.metrics
    return resolve(metric, {arg.name: "web" for arg in template.args})


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_template_is_without_fault(file: Path) -> None:
    """Its metric can run, its condition can be read."""
    assert faults_of(template_of(file)) == ()


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_template_asks_its_service(file: Path) -> None:
    """With the Secrets of the README, the first question goes out."""
    metric = metric_of(file)
    setting = Setting(NOW, Defaults(variables={"AWS_REGION": "eu-central-1"}), RunIdentity("shop", "run", "uid"))
    flow = PROVIDERS[metric.provider].run(metric, setting)
    request: Any = next(flow)
    if isinstance(request, Secret):
        request = flow.send(SECRETS[request.name])

    assert isinstance(request, Http | Cluster)
    assert "{{" not in str(request)


def test_every_service_of_the_schema_has_a_template() -> None:
    """But for those that have examples of their own."""
    definition = yaml.safe_load((ROOT / "crds" / "analysistemplates.yaml").read_text())
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    known = spec["metrics"]["items"]["properties"]["provider"]["properties"]

    assert {metric_of(file).provider for file in FILES} == known.keys() - {"prometheus", "web", "plugin"}


def test_the_job_runs_as_it_stands() -> None:
    """Its end is the end of the run."""

    async def story(shop: Shop) -> None:
        await shop.start()
        written = yaml.safe_load((FOLDER / "job.yaml").read_text())["spec"]
        args = [{"name": "service", "value": "web"}]
        await shop.world.apply([an_object(kinds.ANALYSIS_RUNS, "smoke", spec={**written, "args": args})])
        before = virtual_now()
        while not (await shop.get(kinds.ANALYSIS_RUNS, "smoke")).get("status", {}).get("completedAt"):
            assert (virtual_now() - before).total_seconds() < 60
            await asyncio.sleep(1)
        assert (await shop.get(kinds.ANALYSIS_RUNS, "smoke"))["status"]["phase"] == "Successful"

    tell(story)
