"""MetricTemplates by themselves: what nobody could ask is found before a Canary names it."""

from typing import Any

import pytest

from rollouts.dialects.flagger.beside import NEEDS, template_faults


def found(query: str = "up", **provider: Any) -> list[tuple[str, str]]:
    """Paths and messages of what is wrong."""
    faults = template_faults({"spec": {"provider": {"type": "prometheus", **provider}, "query": query}})
    return [(fault.path, fault.message) for fault in faults]


def test_a_sound_template_has_no_fault() -> None:
    """With every function that there is; variables may be any."""
    query = "{{ name }}{{ namespace }}{{ target }}{{ service }}{{ ingress }}{{ route }}{{ interval }}"

    assert found(f"{query}{{{{ variables.anything }}}}") == []


@pytest.mark.parametrize("query", ["{{ namespace", "{{ cluster }}", "{{ if }}"])
def test_a_query_that_is_no_template_is_told_in_gos_words(query: str) -> None:
    """And which functions there are."""
    ((path, message),) = found(query)
    (fault,) = template_faults({"spec": {"query": query}})

    assert path == "spec.query"
    assert message.startswith("template parsing failed: ")
    assert "variables" in fault.cure


@pytest.mark.parametrize("type_", sorted(NEEDS))
def test_what_a_service_needs_is_named(type_: str) -> None:
    """Field by field; with all of them nothing is said."""
    given: dict[str, Any] = {"address": "https://metrics.test", "secretRef": {"name": "creds"}, "region": "eu-west-1"}

    assert [path for path, _ in found(type=type_)] == [f"spec.provider.{field}" for field in NEEDS[type_]]
    assert found(type=type_, **given) == []
