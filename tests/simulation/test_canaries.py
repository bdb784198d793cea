"""Canaries live on whatever befalls their controller: in the end all is as if nothing had happened."""

from tests.simulation.canaries import Ended, lived
from tests.simulation.faults import DEATHS, EverySite, Fault, Site
from tests.simulation.seeds import by_chance

SEEDS = range(3)


def calm() -> Ended:
    """The story without trouble."""
    return lived(by_chance(0, 0), 0)


def test_five_canaries_come_to_their_ends() -> None:
    """What the troubled lives are held against is right: promoted, failed and mended, chosen, told, given back."""
    ended = calm()
    _, released, changed = ended.portraits
    phases = {name: canary["status"]["phase"] for name, canary in released["Canary"].items()}
    assert phases == {
        "web": "Succeeded",
        "green": "Succeeded",
        "bad": "Failed",
        "chosen": "Succeeded",
        "gone": "Succeeded",
    }
    assert {name: canary["status"]["phase"] for name, canary in changed["Canary"].items()} == {
        **dict.fromkeys(("web", "green", "bad", "chosen"), "Succeeded")
    }
    assert changed["ConfigMap"]["words-primary"]["data"] == {"greeting": "welcome"}
    assert ended.weights == {
        "web": [0, 20, 40, 0, 20, 40, 0],
        "bad": [0, 30, 0, 30, 60, 90, 100, 0],
        "gone": [0, 50, 100, 0],
    }


def test_a_controller_that_dies_at_every_call_leaves_no_trace() -> None:
    """Killed once before and once after each kind of call, and at random beside: the same objects at each rest."""
    wanted = calm()
    done: set[tuple[Site, Fault]] = set()
    found = [lived(EverySite(done, by_chance(seed, 3)), seed) for seed in SEEDS]

    for ended in found:
        assert differences(wanted, ended) == []
    calls = {site for ended in found for site in ended.tally.calls if site.verb not in ("event", "watch")}
    assert {(site, fault) for site in calls for fault in DEATHS} - done == set()


def differences(wanted: Ended, found: Ended) -> list[str]:
    """Where two stories do not end alike, or users were sent another way."""
    told = [
        f"rest {number}, {kind} {name}: {one} instead of {other}"
        for number, (before, after) in enumerate(zip(wanted.portraits, found.portraits, strict=True))
        for kind in before
        for name in before[kind] | after[kind]
        for one, other in [(after[kind].get(name), before[kind].get(name))]
        if one != other
    ]
    return told + [
        f"weights of {name}: {found.weights[name]}"
        for name in wanted.weights
        if wanted.weights[name] != found.weights[name]
    ]
