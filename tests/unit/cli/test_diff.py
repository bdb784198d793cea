"""`diff`: the new version's template beside the stable one's."""

import pytest

from tests.builders.living import Still, aborted, merging, paused, stopped, with_steps
from tests.unit.cli.worlds import a_replica_set, a_rollout

OLD, NEW = "-  - image: registry.example/shop:v1", "+  - image: registry.example/shop:v2"


def changes(still: Still, *words: str) -> list[str]:
    """The lines that differ."""
    lines = still.says("diff", "shop", *words).stdout.splitlines()
    return [line for line in lines if line[:1] in "+-" and not line.startswith(("---", "+++"))]


def test_only_the_image_differs() -> None:
    """What ReplicaSets add is no difference; the titles say which versions are compared."""
    said = aborted().says("diff", "shop").stdout

    assert changes(aborted()) == [OLD, NEW]
    assert said.startswith("--- stable revision 1 shop-f85fcbd7d\n+++ wanted revision 2 shop-768dc66cbf\n")


def test_a_version_that_is_not_rolled_out_yet_is_compared_by_its_own_fields() -> None:
    """What an API server would fill in is no difference."""
    body = {"spec": {"template": {"metadata": {"annotations": {"team": "shop"}}}}}
    still = stopped(35, change=with_steps({"setWeight": 20}), then=merging(body))

    assert changes(still) == ["+  annotations:", "+    team: shop"]
    assert "+++ wanted (not rolled out yet)" in still.says("diff", "shop").stdout


def test_two_revisions_can_be_named() -> None:
    """In either order; one that is not there is told with those that are."""
    assert changes(paused(), "--from", "2", "--to", "1") == [NEW.replace("+", "-", 1), OLD.replace("-", "+", 1)]
    assert paused().says("diff", "shop", "--from", "9").stderr == "Error: there is no revision 9; there are 1, 2\n"


def test_a_difference_is_an_exit_code_where_that_is_asked_for() -> None:
    """As git has it."""
    assert paused().says("diff", "shop").code == 0
    assert paused().says("diff", "shop", "--exit-code").code == 1
    same = paused().says("diff", "shop", "--from", "1", "--to", "1", "--exit-code")
    assert (same.code, same.stdout.startswith("no difference: ")) == (0, True)


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes is red, what comes is green."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    said = paused().says("diff", "shop", on_terminal=True).stdout

    assert f"\x1b[31m{OLD}\x1b[0m" in said
    assert f"\x1b[32m{NEW}\x1b[0m" in said


def test_a_rollout_without_a_stable_version_has_nothing_to_compare() -> None:
    """It is said in one line."""
    from tests.builders.cli import FakeApi, command

    api = FakeApi([a_rollout(stableRS=None), a_replica_set("new", 1, "v2")])
    assert "no stable version to compare with" in command(["diff", "web"], api).stderr
