"""Every provider against its service's documented answers: good, empty, wrong, refused and unreadable ones.

The conversations are in conversations/, a file a provider, each with the pages that it follows.
"""

import math
from typing import Any

import pytest

from analysis.providers import PROVIDERS
from tests.unit.analysis.providers.conversing import Case, cases, pages, play, shown

OF_THEIR_OWN = {"prometheus", "web", "plugin", "job"}
"""Providers that are tried in modules of their own."""
CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[f"{case.provider}: {case.name}" for case in CASES])
def test_a_documented_answer_gives_what_it_should(case: Case) -> None:
    """Each request asks what the service documents, and its answer becomes just that value, verdict or error."""
    found = shown(play(case))

    for key, wanted in case.gives.items():
        assert is_as(wanted, found.get(key), key), f"{key}: {found}"


def is_as(wanted: Any, found: Any, key: str) -> bool:
    """Whether it is as wanted: errors and messages by a part, metadata by the names given, vectors as lists."""
    if key in ("error", "message"):
        return isinstance(found, str) and wanted in found
    if key == "metadata":
        return isinstance(found, dict) and all(found.get(name) == text for name, text in wanted.items())
    if isinstance(found, float) and isinstance(wanted, float) and math.isnan(wanted):
        return math.isnan(found)
    if key == "text" and isinstance(wanted, float):  # YAML reads NaN as a number
        return str(found) == "NaN"
    return bool((list(found) if isinstance(found, tuple) else found) == wanted)


def test_every_provider_has_its_table_of_answers() -> None:
    """A provider that joins the registry brings a file, which names the documentation that it follows."""
    told = pages()

    assert set(told) == PROVIDERS.keys() - OF_THEIR_OWN
    assert all(page.startswith("https://") for found in told.values() for page in found)


def test_every_table_has_all_kinds_of_answers() -> None:
    """Each file knows a good answer, and an error in words of its own."""
    for provider in pages():
        outcomes = [case.gives for case in CASES if case.provider == provider]
        assert any("error" in gives or gives.get("phase") == "Error" for gives in outcomes)
        assert any("result" in gives or gives.get("phase") == "Successful" for gives in outcomes)
