"""What arguments of an Experiment's analyses may name."""

import pytest

from analysis.errors import ArgumentError, DurationError
from analysis.template import fill_tags
from rollouts.dialects.argo.experiment_tags import experiment_tags
from rollouts.model.objects import Json

HELD: dict[str, Json] = {"canary": {"metadata": {"name": "exp-canary", "labels": {"rollouts-pod-template-hash": "ch"}}}}


def an_experiment(duration: str = "1h", available: str | None = "2026-11-01T12:00:00Z") -> Json:
    return {"spec": {"duration": duration}, "status": {"availableAt": available} if available else {}}


def test_versions_and_times_have_tags() -> None:
    """Hash and name of each version, the moment from which all were there, and the moment at which it ends."""
    assert experiment_tags(an_experiment(), HELD) == {
        "templates.canary.podTemplateHash": "ch",
        "templates.canary.replicaset.name": "exp-canary",
        "experiment.availableAt": "2026-11-01T12:00:00Z",
        "experiment.finishedAt": "2026-11-01T13:00:00Z",
    }


def test_what_is_not_known_yet_cannot_be_named() -> None:
    """An analysis that names the end of an Experiment without one is refused."""
    with pytest.raises(ArgumentError, match=r"failed to resolve \{\{experiment\.finishedAt\}\}"):
        fill_tags("{{experiment.finishedAt}}", experiment_tags(an_experiment(duration=""), HELD))


def test_a_bad_duration_is_named() -> None:
    """The words are Go's."""
    with pytest.raises(DurationError, match='time: invalid duration "bad"'):
        experiment_tags(an_experiment(duration="bad"), HELD)
