"""Flagger's sharp edges E1 to E20: those of the dialect itself in both modes, and that each one has its test."""

import re
from pathlib import Path

import pytest

from rollouts.dialects.flagger.canary import STRICT, parse
from rollouts.dialects.flagger.revision import tracked_of
from rollouts.dialects.flagger.sources import metric_source_of
from rollouts.model import effects as e
from rollouts.model.objects import Json
from rollouts.model.strategy import Check, Progressive
from tests.builders.copying import a_config, a_service, reading, surroundings
from tests.builders.ticking import World, a_canary

ROOT = Path(__file__).parents[4]
EDGE = re.compile(r"^\| E(\d+): .*\|$", re.MULTILINE)
TEST = re.compile(r"^def (test_e\d\d_\w+)\(", re.MULTILINE)
NAMED = re.compile(r"`(test_e\d\d_\w+)`")


def in_mode(canary: Json, *, strict: bool) -> Json:
    """The Canary, to the letter or not."""
    annotations = {STRICT: "true"} if strict else {}
    return {**canary, "metadata": {**canary["metadata"], "annotations": annotations}}


@pytest.mark.parametrize(("strict", "nothing", "query"), [(False, None, "up[1m]"), (True, 0.0, "up[]")])
def test_e10_no_rows_are_no_value_and_an_interval_has_a_default(
    strict: bool, nothing: float | None, query: str
) -> None:
    """To the letter an empty answer of InfluxDB is 0, and a template without an interval has none."""
    template = {"spec": {"provider": {"type": "influxdb", "address": "http://db"}, "query": "up[{{ interval }}]"}}
    templates = {"shop/t": template}
    canary = in_mode(a_canary(metrics=[{"name": "errors", "templateRef": {"name": "t"}}]), strict=strict)
    strategy = parse(canary, "r", templates=templates).strategy
    assert isinstance(strategy, Progressive)
    source = metric_source_of(canary, strategy.checks[0], templates, "http://all")

    assert (source.nothing, source.query) == (nothing, query)


@pytest.mark.parametrize(("strict", "is_seen"), [(False, True), (True, False)])
def test_e12_bytes_of_a_config_are_a_change(strict: bool, is_seen: bool) -> None:
    """To the letter a changed keystore is none, and is lost on the way to the copy."""
    user = reading({"name": "main", "envFrom": [{"configMapRef": {"name": "env"}}]})
    old, new = ({("ConfigMap", "env"): a_config("env", binaryData={"k": each})} for each in ("AA==", "AQ=="))
    here = surroundings(a_config("env", binaryData={"k": "AA=="}), strict=strict, target=user)
    here.begins()

    assert (tracked_of(user, old, strict=strict) != tracked_of(user, new, strict=strict)) is is_seen
    assert ("binaryData" in here.the("ConfigMap", "env-primary")) is is_seen


@pytest.mark.parametrize("strict", [False, True])
def test_e12_secrets_of_kubernetes_are_no_change(strict: bool) -> None:
    """In either mode: tokens are renewed all the time, and a delivery for each would never end."""
    user = reading({"name": "main", "envFrom": [{"secretRef": {"name": "env"}}]})
    token = a_config("env", kind="Secret", type="kubernetes.io/service-account-token")

    assert tracked_of(user, {("Secret", "env"): token}, strict=strict) == {}


@pytest.mark.parametrize("strict", [False, True])
def test_e14_a_user_s_service_comes_back_as_it_was(strict: bool) -> None:
    """To the letter its selector is guessed, and the marks that keep Flux off stay for good."""
    here = surroundings(a_service(annotations={"team": "a"}), strict=strict)
    before = here.the("Service", "web")
    here.begins()
    here.does(e.GiveBack())
    after = here.the("Service", "web")

    assert (after == before) is not strict
    if strict:
        assert after["spec"]["selector"] == {"app": "web"}
        assert "kustomize.toolkit.fluxcd.io/reconcile" in after["metadata"]["annotations"]


@pytest.mark.parametrize("strict", [False, True])
def test_e18_an_inline_query_that_cannot_be_filled_in_is_refused(strict: bool) -> None:
    """To the letter nothing at all is asked, and what is answered counts."""
    metric = {"name": "errors", "query": "{{ variables.nobody }}", "thresholdRange": {"max": 1}}
    rollout = parse(in_mode(a_canary(metrics=[metric]), strict=strict), "r")
    assert isinstance(rollout.strategy, Progressive)

    assert [check.query for check in rollout.strategy.checks if isinstance(check, Check)] == [""]
    assert [fault.path for fault in rollout.faults] == ([] if strict else ["spec.analysis.metrics[0].query"])


@pytest.mark.parametrize(("strict", "condition"), [(False, "InvalidSpec"), (True, "Promoted")])
def test_e19_a_wrong_canary_is_told_so(strict: bool, condition: str) -> None:
    """By condition and event, and nothing is done; to the letter it is run as well as it can be."""
    wrong = in_mode(a_canary(stepWeights=[20, 10]), strict=strict)
    here = World(wrong)
    here.tick(2)

    assert [each["type"] for each in here.status["conditions"]] == [condition]
    assert ("web-primary" in here.deployments) is strict


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("written", [True, False, None])
def test_a_deletion_gives_everything_back_unless_somebody_says_otherwise(strict: bool, written: bool | None) -> None:
    """To the letter only where somebody asks for it: a target at rest is left behind, and nobody is served."""
    spec = {} if written is None else {"revertOnDeletion": written}

    assert parse(in_mode(a_canary(spec=spec), strict=strict), "r").reverts is (
        not strict if written is None else written
    )


def test_each_edge_has_its_row_and_each_row_its_tests() -> None:
    """docs/compatibility.md decides E1 to E20, and names tests that are there under the edge's number."""
    rows = {int(row[1]): row[0] for row in EDGE.finditer((ROOT / "docs/compatibility.md").read_text())}
    named = {edge: NAMED.findall(row) for edge, row in rows.items()}
    there = {name for path in (ROOT / "tests").rglob("test_*.py") for name in TEST.findall(path.read_text())}

    assert sorted(rows) == list(range(1, 21))
    assert {edge for edge, names in named.items() if not names} == set()
    assert {name for names in named.values() for name in names} == there
    assert all(name.startswith(f"test_e{edge:02}_") for edge, names in named.items() for name in names)
