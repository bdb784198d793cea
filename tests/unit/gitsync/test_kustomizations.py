"""Kustomizations as values: paths stay inside, what we cannot honour is refused."""

from datetime import timedelta
from typing import Any

import pytest

from rollouts.gitsync.kustomizations import FINALIZER, parse


def a_kustomization(**spec: Any) -> dict[str, Any]:
    source = {"kind": "GitRepository", "name": "app"}
    return {
        "metadata": {"name": "app", "namespace": "shop", "generation": 2, "finalizers": [FINALIZER]},
        "spec": {"interval": "5m", "prune": True, "sourceRef": source} | spec,
    }


def faults_of(**spec: Any) -> str:
    return "; ".join(str(fault) for fault in parse(a_kustomization(**spec)).faults)


@pytest.mark.parametrize(
    ("written", "expected"),
    [(None, ""), ("./", ""), (".", ""), ("/", ""), ("./deploy", "deploy"), ("/deploy/x/", "deploy/x"), ("a/../b", "b")],
)
def test_paths(written: str | None, expected: str) -> None:
    """A path is relative to the repository, however it is written."""
    found = parse(a_kustomization(path=written))

    assert (found.path, found.faults) == (expected, ())


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "/../x", "a\0b"])
def test_paths_that_lead_out(path: str) -> None:
    """A path that climbs out of the repository is a mistake."""

    assert "leads out of the repository" in faults_of(path=path)


def test_times() -> None:
    """Flux: a retry comes at the interval, and a round may take the interval less 30 s."""
    found = parse(a_kustomization())
    own = parse(a_kustomization(retryInterval="10s", timeout="2m", interval="20s"))

    assert (found.retry_interval, found.timeout) == (timedelta(minutes=5), timedelta(minutes=4, seconds=30))
    assert (own.retry_interval, own.timeout) == (timedelta(seconds=10), timedelta(minutes=2))


def test_what_it_says() -> None:
    """Source, flags and marks of deletion are read."""
    obj = a_kustomization(
        wait=True, targetNamespace="prod", sourceRef={"kind": "GitRepository", "name": "a", "namespace": "b"}
    )
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    found = parse(obj)

    assert (found.source, found.target_namespace, found.waits, found.prunes) == (("b", "a"), "prod", True, True)
    assert (found.is_deleted, found.has_finalizer, found.is_suspended) == (True, True, False)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"sourceRef": {"kind": "Bucket", "name": "x"}}, "spec.sourceRef.kind: 'Bucket' is not supported"),
        ({"sourceRef": {}}, "spec.sourceRef.name: is required"),
        ({"dependsOn": [{"name": "x"}]}, "spec.dependsOn: is not supported"),
        ({"postBuild": {"substitute": {"a": "b"}}}, "spec.postBuild: is not supported"),
        ({"serviceAccountName": "sa"}, "spec.serviceAccountName: is not supported"),
        ({"force": True}, "spec.force: is not supported"),
        ({"deletionPolicy": "Orphan"}, "spec.deletionPolicy"),
        ({"prune": "yes"}, "spec.prune: must be true or false"),
    ],
)
def test_refused_fields(spec: dict[str, Any], words: str) -> None:
    """A field that would change what is applied is refused with a cure."""

    assert words in faults_of(**spec)
