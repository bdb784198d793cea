"""`canary/web` and `canary web` are one and the same, whatever the command."""

import pytest

from tests.builders.cli import FakeApi, command
from tests.builders.ticking import a_canary, a_run
from tests.unit.cli.test_canaries import shop, told
from tests.unit.cli.worlds import a_rollout


@pytest.mark.parametrize("verb", [["get"], ["status", "--watch=false"], ["explain"], ["history"], ["events"]])
def test_both_spellings_say_the_same(verb: list[str]) -> None:
    """Of every command that shows something of a Canary."""
    here = a_run(a_canary())
    here.tick()
    said = [told(here, *verb, *name) for name in (["canary/web"], ["canary", "web"])]

    assert said[0] == said[1]
    assert said[0].code == 0


@pytest.mark.parametrize("verb", ["pause", "abort"])
@pytest.mark.parametrize("name", [["canary/web"], ["canary", "web"]])
def test_both_spellings_do_the_same(verb: str, name: list[str]) -> None:
    """One name or several, of which the first word may be the kind."""
    here = a_run(a_canary())
    here.tick()

    assert told(here, verb, *name).stdout.startswith("canary 'web' ")


@pytest.mark.parametrize("name", [["canary/web"], ["canary", "web"], ["canaries.flagger.app/web"]])
def test_retry_takes_both_too(name: list[str]) -> None:
    """The kind before the slash is the command below it."""
    here = a_run(a_canary())
    here.metrics["request-success-rate"] = 1
    here.settle("Failed")

    assert told(here, "retry", *name).stdout == "canary 'web' retried\n"


def test_a_rollout_may_be_called_as_a_kind_is() -> None:
    """Then several names are several names."""
    one, other = a_rollout("canary"), a_rollout("web")
    outcome = command(["pause", "canary", "web"], FakeApi([one, other]))

    assert outcome.stdout == "rollout 'canary' paused\nrollout 'web' paused\n"


def test_a_rollout_may_be_named_with_its_kind() -> None:
    """By commands that know nothing else, too."""
    api = FakeApi([a_rollout("web")])

    assert command(["restart", "rollout/web"], api).stdout == "rollout 'web' restarts in 0s\n"
    assert command(["get", "rollout/web", "-o", "name"], api).stdout == "rollout.argoproj.io/web\n"
    assert command(["pause", "rollout", "web"], api).stdout == "rollout 'web' paused\n"


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["analysis", "canary/web"], "events canary/web"),
        (["diff", "canary", "web"], "history canary/web"),
        (["restart", "canary/web"], "kubectl rollout restart"),
        (["set", "image", "canary/web", "main=web:2"], "kubectl set image"),
        (["set", "image", "canary", "web", "main=web:2"], "kubectl set image"),
        (["undo", "canary/web"], "kubectl rollout undo"),
    ],
)
def test_what_is_for_rollouts_only_says_so(words: list[str], instead: str) -> None:
    """With what there is for Canaries instead."""
    outcome = command(words, shop(a_run(a_canary())))

    assert outcome.code == 1
    assert "is for Rollouts only" in outcome.stderr
    assert instead in outcome.stderr


def test_a_word_too_many_is_still_answered_with_the_usage() -> None:
    """Also where a kind is among them."""
    for words in (["status", "a", "b"], ["status", "canary", "a", "b"], ["status", "canary/a", "b"]):
        assert command(words, FakeApi([])).stderr.startswith("Usage:\n")
