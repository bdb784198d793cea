"""The ledger: any past state can be had back while its history is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.cluster.errors import GoneError
from rollouts.cluster.port import Json
from rollouts.simulator.store import ledger as ledger_module
from rollouts.simulator.store.ledger import Ledger

SHELF = ("", "things")


def _thing(name: str, value: int = 0, *owners: str) -> Json:
    refs = [{"uid": owner} for owner in owners]
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}", "ownerReferences": refs},
        "value": value,
    }


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=30))
def test_every_past_state_comes_back(writes: list[tuple[str, int]]) -> None:
    """The state of each version, as rebuilt from the history, is the one that was there (a write of 0 removes)."""
    ledger, seen = Ledger(), {}
    for name, value in writes:
        held = ledger.get(SHELF, "ns", name)
        if value:
            ledger.put(SHELF, _thing(name, value))
        elif held is not None:
            ledger.remove(SHELF, held)
        seen[ledger.version] = [(obj["metadata"]["name"], obj["value"]) for obj in ledger.all(SHELF, None)]

    for version, state in seen.items():
        assert state == [(obj["metadata"]["name"], obj["value"]) for obj in ledger.all_at(SHELF, None, version)]


def test_history_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a kind that changes for ever only the last changes are kept; what is older is gone."""
    monkeypatch.setattr(ledger_module, "KEPT_CHANGES", 10)
    ledger = Ledger()
    for value in range(25):
        ledger.put(SHELF, _thing("a", value))

    assert len(ledger.changes(SHELF, 20)) == 5
    with pytest.raises(GoneError):
        ledger.changes(SHELF, 5)


def test_quiet_kinds_keep_their_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that changes much does not push another's history out."""
    monkeypatch.setattr(ledger_module, "KEPT_CHANGES", 10)
    ledger = Ledger()
    ledger.put(("", "quiet"), _thing("q"))
    for value in range(25):
        ledger.put(SHELF, _thing("a", value))

    assert len(ledger.changes(("", "quiet"), 0)) == 1


def test_dependents_are_found_by_their_owner() -> None:
    """The index of owners follows every write and removal."""
    ledger = Ledger()
    ledger.put(SHELF, _thing("a", 0, "x", "y"))
    ledger.put(SHELF, _thing("b", 0, "x"))
    ledger.put(SHELF, _thing("a", 0, "y"))

    assert [obj["metadata"]["name"] for _, obj in ledger.owned_by("x")] == ["b"]
    assert [obj["metadata"]["name"] for _, obj in ledger.owned_by("y")] == ["a"]
    ledger.remove(SHELF, _thing("a"))
    assert ledger.owned_by("y") == []
