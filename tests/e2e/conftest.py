"""What tests share that strike at random: a seed that is printed, and can be given as SLUICE_SEED."""

import os
import random

import pytest


@pytest.fixture
def dice(capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> random.Random:
    """Strikes at random; the seed is printed, and can be given."""
    seed = os.environ.get("SLUICE_SEED") or str(random.randrange(10**6))
    with capfd.disabled():
        print(f"\n{request.node.name}: SLUICE_SEED={seed}")
    return random.Random(seed)
