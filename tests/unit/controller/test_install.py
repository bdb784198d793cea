"""The manifests of install/ grant what the controller asks for, and run it as they should."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollouts.controller.permissions import NEEDED, NEEDED_BY_CANARIES, Need
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned

INSTALL = Path(__file__).parents[3] / "install"
BOTH = pytest.mark.parametrize("name", ["controller.yaml", "namespaced.yaml"])
CLUSTER_SCOPED = {"clusteranalysistemplates"}

Right = tuple[str, str, str]
"""Group, resource (with its subresource), verb."""


def objects(name: str) -> dict[str, dict[str, Any]]:
    """The objects of a file, by kind."""
    return {obj["kind"]: obj for obj in yaml.safe_load_all((INSTALL / name).read_text())}


def rights(name: str) -> set[Right]:
    """All that the roles of a file grant."""
    roles = [obj for kind, obj in objects(name).items() if kind in ("Role", "ClusterRole")]
    return {right for role in roles for rule in role["rules"] for right in _of(rule)}


def _of(rule: dict[str, list[str]]) -> Iterator[Right]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            yield from ((group, resource, verb) for verb in rule["verbs"])


def asked(needs: tuple[Need, ...] = NEEDED) -> set[Right]:
    """All that the controller asks about at its start."""
    return {
        (resource.group, f"{resource.plural}/{sub}" if sub else resource.plural, verb)
        for resource, sub, verbs in needs
        for verb in verbs
    }


def test_the_role_grants_every_right_that_is_asked_for() -> None:
    """A controller that was installed so logs no missing rule."""
    assert asked() <= rights("controller.yaml")


def test_canaries_have_a_role_of_their_own() -> None:
    """What they need beside is granted apart: whoever runs Rollouts alone gives no rights to write Secrets."""
    assert asked(NEEDED_BY_CANARIES) <= rights("canaries.yaml")
    assert ("", "secrets", "create") in rights("canaries.yaml") - rights("controller.yaml")
    assert objects("canaries.yaml").keys() == {"ClusterRole", "ClusterRoleBinding"}


def test_every_kind_of_route_that_canaries_own_is_granted() -> None:
    """For each provider the objects that it reads and writes."""
    granted = rights("canaries.yaml")
    kinds = {kind for one in owned(OwnedOptions()).values() for kind in one.kinds}
    groups = {api_version.partition("/")[0] for api_version, _ in kinds} - {"serving.knative.dev"}  # patched only

    assert {group for group, _, verb in granted if verb == "create"} >= groups


def test_one_namespace_needs_the_same_but_for_what_is_cluster_scoped() -> None:
    """The two files cannot drift apart."""
    wide = {right for right in rights("controller.yaml") if right[1] not in CLUSTER_SCOPED}

    assert rights("namespaced.yaml") == wide
    assert "ClusterRole" not in objects("namespaced.yaml")


def test_nothing_is_granted_by_an_asterisk() -> None:
    """Each right has a name."""
    assert not [right for right in rights("controller.yaml") if "*" in "".join(right)]


@BOTH
def test_the_pod_runs_without_rights_of_its_own_on_the_node(name: str) -> None:
    """Numeric user, read-only root, nothing to escalate with."""
    pod = objects(name)["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 999
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert (container["livenessProbe"]["httpGet"]["path"], container["readinessProbe"]["httpGet"]["path"]) == (
        "/healthz",
        "/readyz",
    )


def test_the_two_deployments_differ_by_one_flag() -> None:
    """Everything else is the same controller."""
    wide, narrow = (objects(name)["Deployment"]["spec"] for name in ("controller.yaml", "namespaced.yaml"))
    arguments = narrow["template"]["spec"]["containers"][0]["args"]
    arguments.remove("--namespaced")

    assert arguments[0] == "controller"
    assert narrow == wide


@BOTH
def test_the_metrics_have_a_service(name: str) -> None:
    """It selects the controller's pods and leads to their metrics."""
    found = objects(name)
    pods = found["Deployment"]["spec"]["template"]

    assert found["Service"]["spec"]["selector"].items() <= pods["metadata"]["labels"].items()
    ports = {port["name"]: port["containerPort"] for port in pods["spec"]["containers"][0]["ports"]}
    assert found["Service"]["spec"]["ports"][0]["port"] == ports["metrics"]


def test_the_sync_loop_is_bound_apart() -> None:
    """Whoever wants no sync loop grants nothing for it."""
    assert set(objects("gitsync.yaml")) == {"ClusterRoleBinding"}
