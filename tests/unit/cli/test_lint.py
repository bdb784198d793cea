"""`lint` over files, folders and kustomizations: what it finds, where, and how it is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from rollouts.cli.lint_places import Place, Places
from tests.builders.cli import Outcome, lint_findings, local

ROOT = Path(__file__).resolve().parents[3]
ROLLOUT = """\
# the web
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "web:v1"}]}
  strategy:
    canary:
      stableService: web-stable
      canaryService: web-canary
      steps:
        - setWeight: 20
        - analysis: {templates: [{templateName: check}]}
"""
SERVICES = """\
{apiVersion: v1, kind: Service, metadata: {name: web-stable}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web-canary}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check}
spec: {metrics: [{name: up, provider: {prometheus: {query: up}}, successCondition: "result[0] == 1"}]}
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder without a mistake."""
    (tmp_path / "rollout.yaml").write_text(ROLLOUT)
    (tmp_path / "services.yaml").write_text(SERVICES)
    return tmp_path


def change(app: Path, old: str, new: str, file: str = "rollout.yaml") -> None:
    """Write something else into a file."""
    text = (app / file).read_text()
    assert old in text
    (app / file).write_text(text.replace(old, new))


def one(app: Path) -> dict[str, Any]:
    """The only finding."""
    findings = lint_findings(app)
    assert len(findings) == 1, findings
    return findings[0]


def test_a_sound_folder_has_no_findings(app: Path) -> None:
    """It says what it has looked at, and ends with 0."""
    outcome = local("lint", str(app))

    assert outcome == Outcome(0, "no mistakes in 4 objects of 2 files\n", "")


@pytest.mark.parametrize(
    ("old", "new", "rule", "line", "path"),
    [
        ("setWeight: 20", "setWeight: 120", "validation", 15, "spec.strategy.steps[0].setWeight"),
        ("stableService", "stabelService", "schema", 12, "spec.strategy.canary.stabelService"),
        ("  selector: {", "  replicas: two\n  selector: {", "schema", 6, "spec.replicas"),
        ("check}", "chek}", "reference", 16, "spec.strategy.canary.steps[1].analysis.templates"),
        ("canaryService: web-canary", "canaryService: web", "reference", 13, "spec.strategy.canary.canaryService"),
    ],
)
def test_a_mistake_is_found_at_its_line(app: Path, old: str, new: str, rule: str, line: int, path: str) -> None:
    """With the look that found it, the field's path and a column within the line."""
    change(app, old, new)
    finding = next(f for f in lint_findings(app) if f["path"] == path)

    assert (finding["rule"], finding["severity"], finding["line"]) == (rule, "error", line)
    text = (app / "rollout.yaml").read_text().splitlines()[line - 1]
    assert text[finding["column"] - 1 :].startswith((path.rpartition(".")[2].rstrip("[]0123456789"), "templates"))
    assert local("lint", str(app)).code == 1


def test_a_name_that_leads_nowhere_is_cured_by_a_near_one(app: Path) -> None:
    """Services, templates, and fields that nobody knows."""
    change(app, "canaryService: web-canary", "canaryService: web-canry")
    assert one(app)["cure"] == 'did you mean "web-canary"?'

    change(app, "web-canry\n", "web-canary\n")
    change(app, "check}", "chek}")
    assert one(app)["cure"] == 'did you mean "check"?'


def test_the_line_reads_as_a_compilers(app: Path) -> None:
    """`file:line:column: error: object: field: what`, then the cure; the summary counts."""
    change(app, "setWeight: 20", "setWeigth: 20")
    lines = local("lint", str(app)).stdout.splitlines()

    place = f"{app}/rollout.yaml:15:11"
    assert lines[0] == (
        f'{place}: error: Rollout/default/web: spec.strategy.canary.steps[0].setWeigth: unknown field "setWeigth"'
    )
    assert lines[1] == '  cure: did you mean "setWeight"?'
    assert lines[-1].endswith("in 4 objects of 2 files")


def test_references_of_a_single_file_are_warnings(app: Path) -> None:
    """The rest lives elsewhere, perhaps; --strict takes no excuse, and --partial excuses a folder."""
    file = str(app / "rollout.yaml")
    (app / "services.yaml").unlink()

    assert {f["severity"] for f in lint_findings("-f", file)} == {"warning"}
    assert [local("lint", *words).code for words in (["-f", file], ["--strict", file])] == [0, 1]
    assert [local("lint", *words).code for words in ([str(app)], ["--partial", str(app)])] == [1, 0]


def test_a_kustomization_is_built_and_its_findings_are_where_they_are_written(app: Path) -> None:
    """Also when it draws in a folder beside itself. A prefix renames Services, and not what a Rollout says of them."""
    change(app, "setWeight: 20", "setWeight: 120")
    (app / "kustomization.yaml").write_text("resources: [rollout.yaml, services.yaml]\n")
    overlay = app.parent / f"{app.name}-prod"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(f"resources: [../{app.name}]\nnamespace: shop\nnamePrefix: my-\n")
    findings = lint_findings(overlay)

    assert {(f["file"], f["object"]) for f in findings} == {(str(app / "rollout.yaml"), "Rollout/shop/my-web")}
    assert [f["line"] for f in findings] == [12, 13, 15, 16]
    assert findings[0]["cure"] == 'did you mean "my-web-stable"?'


def test_a_kustomization_that_leads_nowhere_is_a_finding(app: Path) -> None:
    """It names the file that says so."""
    (app / "kustomization.yaml").write_text("resources: [rollout.yaml, gone.yaml]\n")

    assert "gone.yaml" in one(app)["message"]
    assert one(app)["file"] == str(app / "kustomization.yaml")


def test_a_template_is_checked_by_itself(app: Path) -> None:
    """A condition that nobody can read, a count without an interval."""
    change(app, "result[0] == 1", "result[0] ==", "services.yaml")
    (app / "run.yaml").write_text(SERVICES.rpartition("---")[2].replace("AnalysisTemplate", "AnalysisRun"))
    change(app, "successCondition", "count: 2, failureCondition", "run.yaml")
    findings = {f["object"].partition("/")[0]: f["path"] for f in lint_findings(app)}

    assert findings["AnalysisTemplate"] == "spec.metrics[0].successCondition"
    assert findings["AnalysisRun"] == "spec.metrics[0]"


def test_syntax_and_shape_are_told_by_line(app: Path) -> None:
    """A file that is no YAML hides no other file's findings."""
    (app / "broken.yaml").write_text("a: [\n")
    (app / "alien.yaml").write_text("{}\n---\nkind: Rollout\n")
    change(app, "setWeight: 20", "setWeight: 120")
    rules = [(Path(f["file"]).name, f["rule"]) for f in lint_findings(app)]

    assert rules == [
        ("alien.yaml", "file"),
        ("alien.yaml", "file"),
        ("broken.yaml", "file"),
        ("rollout.yaml", "validation"),
    ]


def test_an_object_that_stands_twice_is_an_error_in_one_folder_only(app: Path) -> None:
    """In two folders it may be deployed in two ways."""
    (app / "again.yaml").write_text(ROLLOUT)
    assert [(f["rule"], f["severity"]) for f in lint_findings(app) if f["rule"] == "duplicate"] == [
        ("duplicate", "error")
    ]

    (app / "again.yaml").unlink()
    (app / "other").mkdir()
    (app / "other" / "rollout.yaml").write_text(ROLLOUT)
    assert one(app)["severity"] == "warning"


def test_a_canary_of_flagger_is_checked_too(app: Path) -> None:
    """Its own validation, and the workload that it names."""
    canary = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "api"}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}
    (app / "canary.yaml").write_text(json.dumps({**canary, "spec": {"targetRef": target, "provider": "mesh"}}))
    paths = [finding["path"] for finding in lint_findings(app)]

    assert "spec.provider" in paths
    assert "spec.targetRef.name" in paths


def test_sarif_names_rules_and_places(app: Path) -> None:
    """A code host shows each finding beside its line."""
    change(app, "setWeight: 20", "setWeight: 120")
    outcome = local("lint", "-o", "sarif", str(app))
    run = json.loads(outcome.stdout)["runs"][0]
    result = run["results"][0]
    place = result["locations"][0]["physicalLocation"]

    assert outcome.code == 1
    assert result["ruleId"] in [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert place["artifactLocation"]["uri"].endswith("rollout.yaml")
    assert place["region"] == {"startLine": 15, "startColumn": 11}


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir()))
def test_our_own_examples_are_sound(folder: str) -> None:
    """But for templates and plugins that live elsewhere; files that are no manifests are not asked about."""
    files = (ROOT / "examples" / folder).glob("*.yaml")
    manifests = [str(file) for file in sorted(files) if "apiVersion:" in file.read_text()]
    assert local("lint", *manifests).code == 0


def test_wrong_words_are_told(app: Path) -> None:
    """No path is answered with the usage, a path that is not there with its name."""
    assert "Usage:" in local("lint").stderr
    assert local("lint", "/nowhere").stderr == "Error: /nowhere: no such file or folder\n"
    assert "known are text, json, sarif" in local("lint", "-o", "xml", str(app)).stderr


def test_the_nearest_field_around_a_missing_one_is_pointed_at() -> None:
    """Argo leaves `canary` out of its paths; what is not there is found at what holds it."""
    places = Places({"a.yaml": ROLLOUT})

    assert places.of("a.yaml", 2, "spec.strategy.steps[1].analysis") == Place(16, 11)
    assert places.of("a.yaml", 2, "spec.strategy.canary.trafficRouting.nginx") == Place(11, 5)
    assert places.of("a.yaml", 2, "") == Place(2, 1)
    assert places.of("gone.yaml", 3, "spec") == Place(3, 1)
