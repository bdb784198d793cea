"""`get rollout -o`: the object in the forms of kubectl."""

import json

import pytest
import yaml

from tests.builders.living import in_analysis


def said(form: str) -> str:
    """What it prints."""
    outcome = in_analysis().says("get", "rollout", "shop", "-o", form)
    assert outcome.code == 0, outcome.stderr
    return outcome.stdout


def test_json_and_yaml_are_the_object() -> None:
    """Without the ledger of who owns which field, as kubectl."""
    obj = json.loads(said("json"))

    assert obj == yaml.safe_load(said("yaml"))
    assert (obj["kind"], "managedFields" in obj["metadata"]) == ("Rollout", False)


def test_name_is_what_kubectl_takes() -> None:
    """Resource, group and name."""
    assert said("name") == "rollout.argoproj.io/shop\n"


def test_wide_is_a_line_with_images_and_versions() -> None:
    """Under its titles."""
    titles, cells = said("wide").splitlines()
    row = dict(zip(titles.split(), cells.split(), strict=True))

    assert (row["STEP"], row["SET-WEIGHT"], row["READY"]) == ("1/8", "10", "5/4")
    assert (row["STABLE"], row["CURRENT"], row["IMAGES"]) == ("f85fcbd7d", "768dc66cbf", "registry.example/shop:v2")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{.status.phase}", "Progressing"),
        ("{.spec.replicas} of {.metadata.name}", "4 of shop"),
        ("{.spec.strategy.canary.steps[0]}", '{"setWeight":10}'),
        ("{.spec.strategy.canary.steps[*].setWeight}", "10 25 50 100"),
        ("{.metadata.annotations['rollout\\.argoproj\\.io/revision']}", "2"),
        ('{range .spec.template.spec.containers[*]}{.name}={.image}{"\\n"}{end}', "shop=registry.example/shop:v2\n"),
        ('{.status.conditions[?(@.type=="Available")].status}', "True"),
        ("{.nothing.here}", ""),
    ],
)
def test_jsonpath_templates_are_filled(template: str, expected: str) -> None:
    """Paths, filters, ranges and literals."""
    assert said(f"jsonpath={template}") == expected


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("xml", 'unknown output format "xml": known are json, yaml, name, wide, jsonpath=TEMPLATE'),
        ("jsonpath={.a", "jsonpath: unclosed brace in '{.a'"),
        ("jsonpath={range .a}", "jsonpath: {range} without {end}"),
        ("jsonpath={end}", "jsonpath: {end} without {range}"),
        ("jsonpath={.a[}", "cannot be read from"),
    ],
)
def test_a_wrong_format_is_one_line(form: str, message: str) -> None:
    """It says what is known, or where the template ends."""
    outcome = in_analysis().says("get", "rollout", "shop", "-o", form)

    assert (outcome.code, outcome.stderr.count("\n")) == (1, 1)
    assert message in outcome.stderr
