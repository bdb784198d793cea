"""The manifests of install/ grant what the controller asks for."""

from pathlib import Path

import yaml

from rollouts.cluster.port import Json
from rollouts.controller.permissions import NEEDED

INSTALL = Path(__file__).parents[3] / "install"


def objects(name: str) -> dict[str, Json]:
    """The objects of a file, by kind."""
    return {obj["kind"]: obj for obj in yaml.safe_load_all((INSTALL / name).read_text())}


def test_the_role_grants_every_right_that_is_asked_for() -> None:
    """A controller that was installed so logs no missing rule."""
    rules = objects("controller.yaml")["ClusterRole"]["rules"]
    granted = {(g, r, v) for rule in rules for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}
    asked = {
        (resource.group, f"{resource.plural}/{sub}" if sub else resource.plural, verb)
        for resource, sub, verbs in NEEDED
        for verb in verbs
    }

    assert asked <= granted


def test_the_pod_runs_without_rights_of_its_own_on_the_node() -> None:
    """Numeric user, read-only root, nothing to escalate with."""
    pod = objects("controller.yaml")["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 999
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["args"][0] == "controller"


def test_the_sync_loop_is_bound_apart() -> None:
    """Whoever wants no sync loop grants nothing for it."""
    assert set(objects("gitsync.yaml")) == {"ClusterRoleBinding"}
