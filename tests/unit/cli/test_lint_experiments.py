"""`lint` over Experiments and over steps that start some: what the controller would find out when they run."""

from pathlib import Path

import pytest

from tests.builders.cli import lint_findings

TRIAL = """\
apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: trial}
spec:
  duration: 5m
  templates:
    - name: one
      selector: {matchLabels: {app: one}}
      template:
        metadata: {labels: {app: one}}
        spec: {containers: [{name: app, image: "web:v1"}]}
  analyses:
    - {name: check, templateName: check, args: [{name: hash, value: "{{templates.one.podTemplateHash}}"}]}
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check}
spec:
  args: [{name: hash}]
  metrics: [{name: up, provider: {prometheus: {query: "{{args.hash}}"}}, successCondition: "result[0] == 1"}]
"""
ROLLOUT = """\
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
      steps:
        - experiment:
            templates: [{name: can, specRef: canary}]
            analyses: [{name: check, templateName: check, args: [{name: hash, value: x}]}]
"""


def findings(folder: Path, **files: str) -> list[tuple[str, str, int]]:
    """Rule, message and line of each."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return [(finding["rule"], finding["message"], finding["line"]) for finding in lint_findings(folder)]


def test_sound_ones_are_told_so(tmp_path: Path) -> None:
    """Alone and as a step; the experiment's own tags stand for values."""
    assert findings(tmp_path, trial=TRIAL, check=TEMPLATE, rollout=ROLLOUT) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "message", "line"),
    [
        ("duration: 5m", "duration: soon", "validation", 'Invalid value: "soon": must be a duration', 5),
        ("name: one\n", 'name: ""\n', "validation", "Experiment trial has empty template name at index 0", 7),
        ("labels: {app: one}", "labels: {app: two}", "validation", "`selector` does not match template `labels`", 10),
        ("templateName: check", "templateName: chek", "reference", 'AnalysisTemplate "chek" not found', 13),
        ("name: hash, value", "name: hsh, value", "reference", "args.hash was not resolved", 13),
    ],
)
def test_a_mistake_of_an_experiment_is_found_where_it_stands(  # a table's row
    tmp_path: Path, old: str, new: str, rule: str, message: str, line: int
) -> None:
    """By the controller's own code, and in its words."""
    assert old in TRIAL
    assert findings(tmp_path, trial=TRIAL.replace(old, new), check=TEMPLATE) == [(rule, message, line)]


@pytest.mark.parametrize(
    ("old", "new", "rule", "message", "line"),
    [
        ("templateName: check", "templateName: chek", "reference", 'AnalysisTemplate "chek" not found', 14),
        ("{name: hash, value: x}", "{name: hsh, value: x}", "reference", "args.hash was not resolved", 14),
        ("[{name: can,", "[{name: can, specRef: stable}, {name: can,", "validation", 'Duplicate value: "can"', 13),
    ],
)
def test_a_mistake_of_a_step_is_found_before_the_rollout_waits_for_it(  # a table's row
    tmp_path: Path, old: str, new: str, rule: str, message: str, line: int
) -> None:
    """Argo's would start it, and stand there."""
    assert old in ROLLOUT
    assert findings(tmp_path, rollout=ROLLOUT.replace(old, new), check=TEMPLATE) == [(rule, message, line)]
