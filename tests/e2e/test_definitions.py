"""Our definitions under a stock kubectl, on a real API server."""

import asyncio
from pathlib import Path

import pytest

from tests.builders.explaining import EXPLAINED, explains_every_field, takes_plain_applies
from tests.builders.kubectl import shop
from tests.e2e.harness import control_plane
from tests.e2e.installed import kubectl

pytestmark = pytest.mark.e2e


async def real(*words: str) -> str:
    """What kubectl prints on the real control plane."""
    return await asyncio.to_thread(kubectl, control_plane().kubeconfig, *words)


async def test_a_plain_apply_takes_the_definitions() -> None:
    """No definition is too large for the annotation of a client-side apply; a second one changes nothing."""
    await takes_plain_applies(real)
    await real("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")


async def test_every_field_is_explained(tmp_path: Path) -> None:
    """`kubectl explain` has our words for every field of every kind, and the embedded cluster lets it say the same."""
    await takes_plain_applies(real)
    await real("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    await explains_every_field(real)

    async with shop(tmp_path) as embedded:
        for path in EXPLAINED:
            assert await embedded("explain", path) == await real("explain", path)


async def test_definitions_are_structural_and_their_names_accepted() -> None:
    """The API server finds nothing to complain about in any of them."""
    await takes_plain_applies(real)
    await real("wait", "--for=condition=NamesAccepted", "--timeout=60s", "crd", "--all")
    fault = '{.status.conditions[?(@.type=="NonStructuralSchema")].message}'
    said = await real("get", "crd", f"--output=jsonpath={{range .items[*]}}{fault}{{end}}")

    assert said == ""
