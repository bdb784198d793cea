"""Which provider a name means."""

import pytest

from rollouts.dialects.flagger import providers
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import find, owned

KNOWN = owned(OwnedOptions())


@pytest.mark.parametrize("name", sorted(set(providers.KNOWN) - {providers.KUBERNETES}))
def test_every_name_that_a_manifest_may_have_is_routed(name: str) -> None:
    """All but plain Kubernetes, which cannot split."""
    found = find(KNOWN, name)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("name", "meant"), [("smi:v1alpha2:linkerd", "smi:v1alpha2"), ("gloo:x", "gloo"), ("else", None), ("smi", None)]
)
def test_a_suffix_is_left_off(name: str, meant: str | None) -> None:
    """The operator's flag may name a mesh behind the provider; an unknown name means nothing."""
    found = find(KNOWN, name)

    assert (found and found.name) == meant
