"""`sluice simulate`: the examples' canary with images of all sorts, in virtual time."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders.cli import Outcome, local

ROOT = Path(__file__).resolve().parents[3]
SHOP = "registry.example/shop"
FOLDERS = ("-f", str(ROOT / "examples/canary"), "-f", str(ROOT / "examples/analysis"))
PLAIN = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "web:v1"}]}
  strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a canary that waits for a person, without a route."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "web.yaml").write_text(PLAIN)
    return tmp_path


def simulated(folder: Path, scenario: str, *words: str) -> Outcome:
    """The command with this scenario."""
    (folder / "scenario.yaml").write_text(scenario)
    return local("simulate", "--scenario", str(folder / "scenario.yaml"), *words)


def told(folder: Path, scenario: str, *words: str) -> dict[str, Any]:
    """What the command says as JSON."""
    outcome = simulated(folder, scenario, *words, "-o", "json")
    assert outcome.code == 0, outcome.stderr
    said: dict[str, Any] = json.loads(outcome.stdout)
    return said


def of_images(**rates: str) -> str:
    """A scenario in which the shop's tags have these error rates."""
    images = "\n".join(f'  {SHOP}:{tag}: {{errorRate: "{rate}"}}' for tag, rate in rates.items())
    return f"requestsPerSecond: 50\nimages:\n{images}\n"


def test_a_bad_version_is_rolled_back_and_few_are_harmed(tmp_path: Path) -> None:
    """It never gets beyond its first weight, so nearly all that it would have broken is spared."""
    said = told(tmp_path, of_images(v1="0.1%", v2="5%"), *FOLDERS)

    assert said["ending"] == "rolled back"
    assert "success-rate" in said["message"]
    assert max(row["weight"] or 0 for row in said["timeline"]) == 10
    assert said["timeline"][-1]["weight"] == 0
    assert 0 < said["users"]["failedByNewVersion"] < 0.2 * said["users"]["failedAllAtOnce"]
    assert any(measured["phase"] == "Failed" for measured in said["measurements"])


def test_a_good_version_passes_every_weight(tmp_path: Path) -> None:
    """Its time line has all of them in order, and it harms nobody."""
    said = told(tmp_path, of_images(v1="0.1%", v2="0.1%"), *FOLDERS)
    weights = list(dict.fromkeys(row["weight"] for row in said["timeline"] if row["weight"] is not None))

    assert (said["ending"], said["from"], said["to"]) == ("promoted", f"{SHOP}:v1", f"{SHOP}:v2")
    assert weights == [0, 10, 25, 50, 100]
    assert said["users"]["avoided"] is None


def test_the_same_seed_gives_the_same_course(tmp_path: Path) -> None:
    """A scenario with noise is played twice to the letter; another seed gives another course."""
    scenario = "noise: 0.3\n" + of_images(v1="1%", v2="3%")
    first, again = (told(tmp_path, scenario, *FOLDERS, "--seed", "4") for _ in range(2))

    assert first == again
    assert first["users"] != told(tmp_path, scenario, *FOLDERS, "--seed", "5")["users"]


def test_a_version_that_turns_bad_later_is_found_out_then(tmp_path: Path) -> None:
    """Failures happen at their moments, and are told in the time line."""
    later = f"""failures:
  - {{after: 90s, do: change, image: "{SHOP}:v2", errorRate: 30%}}
  - {{after: 20s, do: lose pods, image: "{SHOP}:v2"}}
  - {{after: 40s, do: restart controller}}
"""
    said = told(tmp_path, of_images(v1="0%", v2="0%") + later, *FOLDERS)
    failures = [(row["seconds"], row["what"]) for row in said["timeline"] if row["what"].startswith("failure")]

    assert said["ending"] == "rolled back"
    assert [seconds for seconds, _ in failures] == [20, 40, 90]
    assert "1 pod(s)" in failures[0][1]
    assert said["seconds"] > 90


def test_metrics_that_are_lost_for_long_end_the_release(tmp_path: Path) -> None:
    """Nobody can judge the version, so it goes back."""
    lost = "failures: [{after: 5s, do: lose metrics, for: 10m}]\n"
    said = told(tmp_path, of_images(v1="0%", v2="0%") + lost, *FOLDERS)

    assert said["ending"] == "rolled back"
    assert {measured["phase"] for measured in said["measurements"]} == {"Error"}


def test_a_version_that_never_starts_is_stuck_and_harms_nobody(tmp_path: Path) -> None:
    """The progress deadline tells of it; all at once, every request would have failed."""
    scenario = f"images:\n  {SHOP}:v1: {{}}\n  {SHOP}:v2: {{neverReady: image}}\n"
    said = told(tmp_path, scenario, *FOLDERS)

    assert said["ending"] == "stuck"
    assert "ImagePullBackOff" in said["message"]
    assert (said["users"]["failedByNewVersion"], said["users"]["avoided"]) == (0, 1.0)
    assert said["users"]["failedAllAtOnce"] == said["users"]["requests"]


def test_a_pause_without_end_waits_for_a_person(folder: Path) -> None:
    """Where nobody promotes it the simulation ends there; a person of the scenario, or of the flag, brings it on."""
    web = ("-f", str(folder / "web"), "--image", "web:v2")

    assert told(folder, "", *web)["ending"] == "waits for a person"
    assert told(folder, "", *web, "--promote-after", "10m")["ending"] == "promoted"
    assert told(folder, "people: [{after: 2m, do: abort}]", *web)["ending"] == "rolled back"
    assert told(folder, "people: [{after: 2m, do: promote}]", *web)["ending"] == "promoted"


def test_a_rollout_without_a_route_is_called_by_its_service(folder: Path) -> None:
    """The notes say which, and requests come through it."""
    said = told(folder, "requestsPerSecond: 20", "-f", str(folder / "web"), "--image", "web:v2")

    assert "no HTTPRoute: users call the Service web" in said["notes"]
    assert said["users"]["requests"] > 0


def test_the_time_line_fits_its_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is longer than the terminal, however long a message is; there are no colours outside of terminals."""
    monkeypatch.setenv("COLUMNS", "70")
    outcome = simulated(tmp_path, of_images(v1="0.1%", v2="5%"), *FOLDERS)

    assert max(map(len, outcome.stdout.splitlines())) <= 70
    assert "\x1b" not in outcome.stdout
    assert "↩ registry.example/shop:v2: rolled back after 0:12" in outcome.stdout


def test_the_page_about_it_shows_a_scenario_that_can_be_played(tmp_path: Path) -> None:
    """Every field of it is known."""
    text = (ROOT / "docs/simulate.md").read_text()
    shown = text.partition("```yaml\n")[2].partition("```")[0]
    said = told(tmp_path, shown, *FOLDERS)

    assert (said["from"], said["to"]) == (f"{SHOP}:v1", f"{SHOP}:v2")
    assert any(row["what"].startswith("failure: 1 pod(s)") for row in said["timeline"])


def test_an_expectation_that_fails_is_exit_code_1(tmp_path: Path) -> None:
    """So a pipeline can hold a change of the analyses back."""
    scenario = of_images(v1="0.1%", v2="5%")

    assert simulated(tmp_path, scenario, *FOLDERS, "--expect", "rolled-back").code == 0
    missed = simulated(tmp_path, scenario, *FOLDERS, "--expect", "promoted")
    assert (missed.code, missed.stderr) == (1, "Error: expected promoted, but it ended so: rolled back\n")


@pytest.mark.parametrize(
    ("scenario", "words", "message"),
    [
        ("images: 3", (), "scenario.images: expected fields and values, not 3"),
        (
            "failures: [{after: 3s, do: burn}]",
            (),
            "scenario.failures[0].do: 'burn' is not known here; known are change",
        ),
        ("failures: [{do: lose metrics}]", (), "scenario.failures[0]: say when, counted from the release: after: 90s"),
        ("failures: [{after: 1s, do: change, image: a}]", (), "say what changes, as in errorRate: 20%"),
        ("people: [{after: 3s, do: promote, count: 2}]", (), "scenario.people[0].count: no such field; known are do"),
        ("release: {imag: x}", (), "scenario.release.imag: no such field; known are rollout, image, from"),
        ("", ("--image", f"{SHOP}:v1"), f"{SHOP}:v1 runs already"),
        ("", (), "which image is released? Say it with --image, or release.image"),
        ("", ("--rollout", "nobody"), "rollout 'nobody' is not among them; there are shop"),
        ("", ("--limit", "soon"), 'invalid argument "soon" for "--limit" flag: write it as 90s or 1h30m'),
        ("", ("--expect", "luck"), '--expect "luck" is no ending'),
        ("", ("-f", "/nowhere"), "/nowhere: no such file or folder"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(
    tmp_path: Path, scenario: str, words: tuple[str, ...], message: str
) -> None:
    """With the field of the scenario, or the flag, and a cure."""
    outcome = simulated(tmp_path, scenario, *FOLDERS, *words)

    assert (outcome.code, outcome.stderr.count("\n")) == (1, 1)
    assert message in outcome.stderr
