"""install/loadtester.yaml: what it grants and runs, and that webhooks find it under the name that they have."""

from pathlib import Path
from typing import Any

import yaml

from rollouts.cli.loadtester import loadtester
from rollouts.loadtester.settings import Settings

FILE = Path(__file__).parents[3] / "install" / "loadtester.yaml"


def objects() -> dict[str, dict[str, Any]]:
    """The objects of the file, by kind."""
    return {obj["kind"]: obj for obj in yaml.safe_load_all(FILE.read_text())}


def test_the_role_is_for_the_gates_and_nothing_else() -> None:
    """Read and change one ConfigMap by name, and make it."""
    rules = objects()["Role"]["rules"]

    assert {rule["resources"][0]: rule["apiGroups"] for rule in rules} == {"configmaps": [""]}
    assert [(rule["verbs"], rule.get("resourceNames")) for rule in rules] == [
        (["create"], None),
        (["get", "patch"], [Settings().gates_name]),
    ]


def test_webhooks_find_it() -> None:
    """Port 80 of the Service leads to the pods' own port, under the name that manifests have."""
    found = objects()
    pod = found["Deployment"]["spec"]["template"]
    container = pod["spec"]["containers"][0]

    assert found["Service"]["metadata"]["name"] == "flagger-loadtester"
    assert found["Service"]["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    assert found["Service"]["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]
    assert "--port=8080" in container["args"]


def test_the_container_runs_the_command_as_it_is() -> None:
    """Every argument is one of its flags; replicas share gates; the file system is read-only but for /tmp."""
    spec = objects()["Deployment"]["spec"]
    container = spec["template"]["spec"]["containers"][0]
    command, *flags = container["args"]
    params = loadtester.make_context("loadtester", list(flags)).params

    assert command == "loadtester"
    assert spec["replicas"] > 1
    assert params["gates"] == "cluster"
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]


def test_it_may_be_applied_to_any_namespace() -> None:
    """None is named, so that of the command holds."""
    assert [obj for obj in objects().values() if "namespace" in obj["metadata"]] == []
