"""The figures of many Canaries: what counts as late, and as a write for nothing."""

from collections import Counter

from benchmarks.canaries import Spell, ticking


def a_spell(came: dict[str, list[float]], **requests: int) -> Spell:
    """Forty seconds of a controller that took one of them."""
    titles = Counter({title.replace("_", " ", 1): count for title, count in requests.items()})
    return Spell(40.0, 1.0, 0.0, titles, came, 100.0)


def verdicts(spell: Spell) -> dict[str, bool]:
    """By figure, whether its target is met, where it has one."""
    figures = ticking("two", spell, 2)
    return {figure.what.partition(": ")[2]: figure.is_met for figure in figures if figure.target}


def test_gates_that_are_asked_on_time_meet_their_targets() -> None:
    """Ten seconds apart, nothing written."""
    came = {"gate a": [0.0, 10.0, 20.1, 30.0], "gate b": [5.0, 15.2, 25.0, 35.0]}
    assert set(verdicts(a_spell(came, get_services=3)).values()) == {True}


def test_a_write_of_a_tick_that_changes_nothing_is_missed() -> None:
    """Where only gates are asked nothing may be written; where versions climb it may."""
    came = {"gate a": [0.0, 10.0, 20.0, 30.0]}
    assert not verdicts(a_spell(came, patch_canaries=1))["requests a tick"]
    assert "requests a tick" not in verdicts(a_spell({**came, "errors": [1.0, 11.0]}, patch_canaries=1))


def test_ticks_that_drift_are_late() -> None:
    """Each later than the one before: it adds up."""
    came = {"gate a": [0.0, 11.0, 22.0, 33.0]}
    assert not verdicts(a_spell(came))["ticks late, p50 / p99"]
