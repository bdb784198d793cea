"""The demo can fail: where the bad version is well, its expectations do not hold, and it says so."""

import subprocess
import sys
from pathlib import Path

import pytest

from rollouts.cli.demo.scenario import scenario_text

pytestmark = pytest.mark.e2e

RUN = "import sys; from rollouts.cli.main import sluice; sys.argv[:1] = ['sluice', 'demo', '--scenario']; sluice()"


@pytest.mark.parametrize(("flavour", "phase"), [("argo", "Healthy"), ("flagger", "Succeeded")])
def test_a_bad_version_that_is_well_fails_the_demo(flavour: str, phase: str, tmp_path: Path) -> None:
    """v3 with good numbers is promoted, which is not what the demo promises: exit code 1, and the reason."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        scenario_text().replace("errorRate: 5%, latency: {median: 200ms, p99: 1200ms}", "errorRate: 0.1%")
    )

    done = subprocess.run(
        [sys.executable, "-c", RUN, str(scenario), "--flavour", flavour],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert f"✖ expected: v3 rolled back by itself; it is {phase}" in done.stdout
