"""A canary whose first step is an experiment, judged by an analysis: whatever goes wrong, it ends as on a good day."""

from dataclasses import replace
from functools import cache

import pytest

from rollouts.cluster.port import Json
from tests.builders.simulation import BAD, Deed, a_routed_story
from tests.simulation.faults import DEATHS, EverySite, Fault, Site
from tests.simulation.play import Outcome, Play, played
from tests.simulation.seeds import by_chance, judged, play_of

HASH = {"name": "hash", "value": "{{templates.can.podTemplateHash}}"}
STEP: Json = {
    "experiment": {
        "templates": [
            {"name": "can", "specRef": "canary", "service": {}},
            {"name": "base", "specRef": "stable"},
        ],
        "analyses": [{"name": "check", "templateName": "check", "requiredForCompletion": True, "args": [HASH]}],
        "scaleDownDelaySeconds": 5,
    }
}
WANTED = {"create experiments", "patch experiments", "create services", "delete services", "create analysisruns"}
DEEDS = (Deed("use", "web:v2"), Deed("use", BAD), Deed("use", "web:v3"), Deed("abort"), Deed("retry"))


def the_play() -> Play:
    """A good version, a bad one, one that is aborted in mid-experiment and tried again; a patient user."""
    story = a_routed_story(*DEEDS)
    services = {"stableService": "web-stable", "canaryService": "web-canary"}
    canary = {"steps": [STEP, {"setWeight": 50}, {"pause": {"duration": 5}}], **services}
    return play_of(replace(story, strategy={"canary": canary}))


@cache
def _calm() -> Outcome:
    return played(the_play(), by_chance(0, 0))


def test_good_versions_pass_and_bad_ones_go_back() -> None:
    """And when all is over no experiment has a pod left."""
    outcome = _calm()
    told = [(seen["rollouts"][0]["phase"], seen["rollouts"][0]["stable"]) for seen in outcome.portraits]

    assert told[:4] == [("Healthy", "web:v1"), ("Healthy", "web:v2"), ("Degraded", "web:v2"), ("Healthy", "web:v3")]
    assert [size for _, size, _ in outcome.portraits[-1]["sizes"] if size] == [4]
    assert outcome.witness.breaches == []


def test_a_death_at_every_call_changes_nothing_in_the_end() -> None:
    """Killed before and after each kind of request about experiments, until each has killed."""
    killed: set[tuple[Site, Fault]] = set()
    calls: set[Site] = set()
    for seed in range(8):
        deadly = played(the_play(), EverySite(killed, by_chance(seed, 3)))
        assert list(judged(_calm(), deadly, patient=True)) == []
        calls |= {site for site in deadly.tally.calls if site.verb != "event"}
        if killed >= {(site, fault) for site in calls for fault in DEATHS}:
            break

    deadly_calls = {str(site) for site, _ in killed if {(site, fault) for fault in DEATHS} <= killed}
    assert deadly_calls >= WANTED


@pytest.mark.parametrize("seed", range(6))
def test_trouble_changes_nothing_in_the_end(seed: int) -> None:
    """Lost answers, conflicts, overload, deaths and late watches by chance."""
    troubled = played(the_play(), by_chance(seed, 6 + 3 * seed))

    assert sum(troubled.tally.struck.values()) > 10
    assert list(judged(_calm(), troubled, patient=True)) == []
