"""`create`: files and templates become objects, or an error that names file, line and field."""

from pathlib import Path

import pytest

from rollouts.cluster.port import Json, WatchEvent
from tests.builders.cli import FakeApi, command

ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec: {replicas: 2}
"""
TEMPLATE: Json = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AnalysisTemplate",
    "metadata": {"name": "rate", "namespace": "default", "uid": "u", "resourceVersion": "7"},
    "spec": {"args": [{"name": "service"}, {"name": "limit", "value": "5"}], "metrics": [{"name": "m"}]},
}


def written(folder: Path, text: str) -> str:
    """A file with this text."""
    file = folder / "file.yaml"
    file.write_text(text)
    return str(file)


def test_every_object_of_a_file_is_created(tmp_path: Path) -> None:
    """In the namespace of the context, with Argo's line for each."""
    two = ROLLOUT + "---" + ROLLOUT.replace("Rollout", "Experiment")
    api = FakeApi([], namespace="shop")

    outcome = command(["create", "-f", written(tmp_path, two)], api)

    assert outcome.stdout == "rollout.argoproj.io/web created\nexperiment.argoproj.io/web created\n"
    assert [(write["resource"], write["namespace"]) for write in api.writes] == [
        ("rollouts", "shop"),
        ("experiments", "shop"),
    ]


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        (ROLLOUT.replace("Rollout", "Sofa"), [], "creates of argoproj.io/Sofa unsupported"),
        (ROLLOUT.replace("kind: Rollout", ""), [], "file.yaml:2: kind is missing"),
        ("a: [", [], "file.yaml:1: "),
        (ROLLOUT.replace("Rollout", "AnalysisTemplate"), ["-w"], "Can only watch resources of type Rollout or Exp"),
        (ROLLOUT.replace("name: web", "name: web, namespace: a"), ["-n", "b"], '"a" does not match the namespace "b"'),
        (ROLLOUT, ["-f", "/no/such/file"], "/no/such/file: No such file or directory"),
    ],
)
def test_what_cannot_be_created_is_one_line(tmp_path: Path, text: str, flags: list[str], said: str) -> None:
    """And nothing of it is created, not even what stands before it."""
    api = FakeApi([])

    outcome = command(["create", "-f", written(tmp_path, text), *flags], api)

    assert (outcome.code, outcome.stderr.count("\n"), api.writes) == (1, 1, [])
    assert said in outcome.stderr


def test_a_created_rollout_can_be_watched(tmp_path: Path) -> None:
    """`-w` goes on as `get rollout -w`; here it is deleted, which ends it."""
    api = FakeApi([])
    api.events.put(WatchEvent("DELETED", {"metadata": {"name": "web", "namespace": "default"}}))

    outcome = command(["create", "-f", written(tmp_path, ROLLOUT), "-w"], api)

    assert outcome.stdout.startswith("rollout.argoproj.io/web created\nName:            web\n")
    assert (outcome.code, outcome.stderr) == (1, 'Error: rollout.argoproj.io "web" not found in namespace default\n')


def test_a_run_takes_its_template_and_the_arguments() -> None:
    """What the template declares, with the value given or its own; metadata of its own."""
    api = FakeApi([TEMPLATE])
    words = ["create", "analysisrun", "--from", "rate", "-a", "service=web", "-a", "unknown=x", "--instance-id", "i"]

    outcome = command(words, api)

    (write,) = api.writes
    assert outcome.stdout == "analysisrun.argoproj.io/rate-x7k2p created\n"
    assert write["object"] == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {"generateName": "rate-", "labels": {"argo-rollouts.argoproj.io/controller-instance-id": "i"}},
        "spec": {
            "args": [{"name": "service", "value": "web"}, {"name": "limit", "value": "5"}],
            "metrics": [{"name": "m"}],
        },
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "one of --from or --from-file must be specified"),
        (["--from", "rate"], "args.service was not resolved"),
        (["--from", "rate", "-a", "service"], "arguments must be in the form NAME=VALUE"),
        (["--from", "nested"], "refers to other templates"),
        (["--global", "--from", "rate"], 'clusteranalysistemplates.argoproj.io "rate" not found'),
    ],
)
def test_a_run_that_cannot_be_made_is_one_line(words: list[str], said: str) -> None:
    """In Argo's words where it has some."""
    nested = {**TEMPLATE, "metadata": {"name": "nested", "namespace": "default"}, "spec": {"templates": [{}]}}
    api = FakeApi([TEMPLATE, nested])

    outcome = command(["create", "analysisrun", *words], api)

    assert (outcome.code, api.writes) == (1, [])
    assert said in outcome.stderr


def test_a_run_can_be_named_and_its_template_be_a_file(tmp_path: Path) -> None:
    """Nothing of the cluster is read then."""
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: t}\nspec: {metrics: [{name: m}]}\n"
    )
    api = FakeApi([])

    command(["create", "ar", "--from-file", written(tmp_path, text), "--name", "run-1"], api)

    assert api.writes[0]["object"]["metadata"] == {"name": "run-1"}
    assert api.writes[0]["object"]["spec"] == {"metrics": [{"name": "m"}]}
