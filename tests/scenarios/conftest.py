"""The theatre of the scenarios that run on the real control plane, opened by the first of them."""

from collections.abc import Iterator

import pytest

from tests.scenarios.playing import stories_of
from tests.scenarios.real import Theatre


@pytest.fixture(scope="session")
def theatre(request: pytest.FixtureRequest) -> Iterator[Theatre]:
    """All selected scenarios play in it, side by side."""
    opened = Theatre(stories_of(request.session.items))
    yield opened
    opened.close()
