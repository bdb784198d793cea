"""Command lines as cobra and kubectl take them."""

import click
import pytest
from click.testing import CliRunner

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.flags import first_word, split
from rollouts.cli.session import CommandError


@pytest.mark.parametrize(
    "line",
    [
        "-n prod get rollout web",
        "get -n prod rollout web",
        "get rollout web -n prod",
        "get rollout web -nprod",
        "get rollout web -n=prod",
        "get rollout web --namespace prod",
        "get rollout --namespace=prod web",
    ],
)
def test_persistent_flags_stand_anywhere(line: str) -> None:
    """Before, between and after the words, with the value in the next word or in the same."""
    assert split(line.split()) == ({"namespace": "prod"}, ["get", "rollout", "web"])


def test_every_supported_flag_has_its_name() -> None:
    """Those that name a server or a user, and those that only tune kubectl; groups are kept line by line."""
    line = "--context c --kubeconfig k --as me --as-group g --as-group=h --as-uid 7 --token t -s http://x"
    line += " -v 5 --loglevel info --insecure-skip-tls-verify status web"

    flags, rest = split(line.split())

    assert rest == ["status", "web"]
    assert flags == {
        "context": "c",
        "kubeconfig": "k",
        "as": "me",
        "as-group": "g\nh",
        "as-uid": "7",
        "token": "t",
        "server": "http://x",
        "kloglevel": "5",
        "loglevel": "info",
        "insecure-skip-tls-verify": "true",
    }


def test_after_a_double_dash_nothing_is_a_flag() -> None:
    """`--` ends the flags."""
    assert split(["status", "--", "-n", "x"]) == ({}, ["status", "--", "-n", "x"])


@pytest.mark.parametrize(
    ("line", "words"),
    [("status web -n", "needs an argument: -n"), ("--insecure-skip-tls-verify=maybe status", "it is true or false")],
)
def test_what_cannot_be_taken_is_refused_by_name(line: str, words: str) -> None:
    """A missing value, and one that is none."""
    with pytest.raises(CommandError, match=words):
        split(line.split())


@pytest.mark.parametrize(
    ("line", "word"), [("-n prod --context=c get x", "get"), ("controller --namespace x", "controller"), ("--help", "")]
)
def test_the_first_word_is_the_command(line: str, word: str) -> None:
    """A flag's value is none."""
    assert first_word(line.split()) == word


@click.command(cls=CobraCommand)
@click.argument("name")
@click.option("-w", "--watch/--no-watch", default=True)
@click.option("--full", is_flag=True)
def _probe(name: str, watch: bool, full: bool) -> None:
    click.echo(f"{name} {watch} {full}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x", "x True False"),
        ("--watch=false x", "x False False"),
        ("-w=false --full=true x", "x False True"),
        ("-w=T x --full=0", "x True False"),
        ("-w x", "x True False"),
    ],
)
def test_booleans_take_a_value(line: str, expected: str) -> None:
    """`--watch=false` and all its spellings, whatever the default."""
    assert CliRunner().invoke(_probe, line.split()).output.strip() == expected


def test_a_boolean_is_true_or_false() -> None:
    """Any other value is refused with both names."""
    assert 'invalid argument "maybe" for "--watch" flag' in CliRunner().invoke(_probe, ["--watch=maybe", "x"]).output
