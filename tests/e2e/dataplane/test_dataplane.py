"""No request is lost, whatever happens to a rollout behind a real gateway, and the split is what the weights say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.dataplane import space
from tests.e2e.dataplane.judge import Verdict, verdict_of
from tests.e2e.dataplane.stories import STORIES
from tests.e2e.dataplane.world import LEAST, running
from tests.e2e.harness import ROOT

pytestmark = pytest.mark.e2e

LONGEST = 1800.0
TOLD_ABOVE = "it did not come to its end; what it says of it stands above"
Results = dict[str, dict[str, Verdict]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """All scenarios, played one after the other in a network of their own; by story and way."""
    if obstacle := space.obstacle():
        pytest.skip(f"the data plane is not run: {obstacle}")
    told: Path = tmp_path_factory.mktemp("dataplane") / "figures.json"
    command = [sys.executable, "-m", "tests.e2e.dataplane", "--json", str(told)]
    with running(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)) as playing:
        playing.wait(LONGEST)
    assert told.exists(), f"{TOLD_ABOVE} ({playing.returncode})"
    return {
        name: {way: verdict_of(one) for way, one in ways.items()} for name, ways in json.loads(told.read_text()).items()
    }


@pytest.mark.parametrize("story", [story.name for story in STORIES])
def test_no_request_is_lost(results: Results, story: str) -> None:
    """Each of at least ten thousand requests has a 2xx answer, each way."""
    assert story in results, TOLD_ABOVE
    lost = {way: one.losses for way, one in results[story].items() if one.lost}

    assert lost == {}
    assert [way for way, one in results[story].items() if one.requests < LEAST] == []


@pytest.mark.parametrize("story", [story.name for story in STORIES])
def test_the_split_is_as_the_weights_say(results: Results, story: str) -> None:
    """Within what sampling explains; no version answers that has no part any more, and every write is felt in time."""
    assert story in results, TOLD_ABOVE
    off = {way: [one for one in verdict.splits if one.is_off] for way, verdict in results[story].items()}
    late = {way: verdict.late for way, verdict in results[story].items() if verdict.late}
    astray = {way: verdict.strays for way, verdict in results[story].items() if verdict.strays}

    assert {way: splits for way, splits in off.items() if splits} == {}
    assert astray == {}
    assert late == {}
