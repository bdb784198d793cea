"""The console scripts: lazy, quick, one line an error."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollouts.cli.main import CLIENT, OWN, run
from rollouts.cli.session import Session
from rollouts.cluster.errors import ClusterError, ForbiddenError, NotFoundError, ServerError, UnauthorizedError
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Json, Target
from tests.builders.cli import FakeApi, command
from tests.unit.cli.worlds import a_rollout

HEAVY = ("aiohttp", "asyncio", "httpx", "kopf", "kubernetes", "msgspec", "pydantic", "rollouts.controller.wiring")


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[str]:
    """A kubeconfig of a server that takes no connection."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        entry = {"cluster": {"server": f"http://127.0.0.1:{deaf.getsockname()[1]}"}, "name": "deaf"}
        context = {"context": {"cluster": "deaf"}, "name": "deaf"}
        path = tmp_path / "config"
        path.write_text(json.dumps({"clusters": [entry], "contexts": [context], "current-context": "deaf"}))
        yield str(path)


@pytest.mark.parametrize(
    ("words", "ending"),
    [("status web", "no answer"), ("get ro web", "no answer"), ("version", ""), ("--help", "")],
)
def test_a_command_loads_only_what_it_needs(words: str, ending: str, kubeconfig: str) -> None:
    """No event loop, no HTTP library and no kopf on the way of a client's command, its connection included."""
    program = (
        "import sys\n"
        "from rollouts.cli.main import CLIENT, OWN, run\n"
        f"run({words.split()!r}, program='sluice', table={{**CLIENT, **OWN}})\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    environment = {"KUBECONFIG": kubeconfig, "PYTHONPATH": ":".join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=30
    )

    assert done.stdout.splitlines()[-1] == "[]"
    assert ending in done.stderr


def imported(*words: str) -> set[str]:
    """The modules that Python itself says it imported for a command line."""
    program = f"from rollouts.cli.main import CLIENT, run; run({words!r}, program='kubectl sluice', table=CLIENT)"
    command_line = [sys.executable, "-X", "importtime", "-c", program]
    environment = {"PYTHONPATH": ":".join(sys.path), "KUBECONFIG": "/dev/null"}

    done = subprocess.run(command_line, env=environment, capture_output=True, text=True, check=False, timeout=30)

    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_the_version_is_told_without_a_connection_or_a_kubeconfig() -> None:
    """What costs milliseconds and is not needed stays out: TLS, YAML, HTTP, the metadata of packages."""
    found = imported("version", "--client")

    assert "click" in found
    assert not found & {*HEAVY, "ssl", "yaml", "http.client", "importlib.metadata", "email.parser", "subprocess"}


def test_get_imports_what_a_tree_takes_and_no_more() -> None:
    """One request after the other needs no thread, no watch, no other command."""
    found = imported("get", "rollout", "web", "-s", "http://127.0.0.1:1")

    assert "rollouts.cluster.plain" in found
    ours = {name for name in found if name.startswith("rollouts.") and name.count(".") > 1}
    assert not found & {*HEAVY, "subprocess", "tempfile", "queue"}
    assert not ours & {"rollouts.cli.mirror", "rollouts.cli.listing", "rollouts.cli.completion", "rollouts.cli.create"}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["status", "nope"], 'Error: rollout.argoproj.io "nope" not found in namespace default'),
        (["explain", "nope", "-n", "shop"], 'Error: rollouts.argoproj.io "nope" not found in namespace shop'),
        (["get", "rollout", "nope"], 'Error: rollout.argoproj.io "nope" not found in namespace default'),
        (["abort", "nope"], 'Error: rollouts.argoproj.io "nope" not found'),
        (["status", "wbe"], 'Error: rollout.argoproj.io "wbe" not found in namespace default; did you mean "web"?'),
        (["bogus"], 'Error: unknown command "bogus" for "sluice"'),
        (["promtoe", "web"], 'Error: unknown command "promtoe" for "sluice"; did you mean "promote"?'),
        (["get", "rolout", "web"], 'Error: unknown command "rolout" for "sluice get"; did you mean "rollout"?'),
        (["status", "web", "--bogus"], "Error: unknown flag: --bogus (see `sluice status --help`)"),
        (["status", "web", "-n"], "Error: flag needs an argument: -n"),
        (
            ["status", "web", "-t", "soon"],
            'Error: invalid argument "soon" for "-t, --timeout" flag: write it as 90s or 1m30s',
        ),
    ],
)
def test_an_error_is_one_line_on_stderr(words: list[str], line: str) -> None:
    """And exit code 1."""
    outcome = command(words, FakeApi([a_rollout()]))

    assert (outcome.code, outcome.stdout, outcome.stderr) == (1, "", line + "\n")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFoundError("404 page not found"), "are the custom resource definitions installed?"),
        (NotFoundError("the server could not find the requested resource"), "does not serve Argo Rollouts' kinds"),
        (UnauthorizedError("Unauthorized"), "the server does not know who you are"),
        (ForbiddenError('User "jane" cannot get it\nat all'), 'Error: User "jane" cannot get it at all'),
        (ServerError("GET /apis: no answer from the API server: refused"), "no answer from the API server"),
    ],
)
def test_what_the_server_refuses_is_one_clear_line(error: ClusterError, said: str) -> None:
    """With what to do about it, where that can be known."""

    class Refusing(FakeApi):
        def get(self, target: Target) -> Json:
            raise error

    outcome = command(["get", "rollout", "web"], Refusing([]))

    assert (outcome.code, outcome.stdout, outcome.stderr.count("\n")) == (1, "", 1)
    assert said in outcome.stderr


def test_an_unusable_kubeconfig_is_an_error_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The file that was asked for is named."""
    code = run(["status", "x", "--kubeconfig=/no/such/file"], program="sluice", table=CLIENT)

    assert code == 1
    assert capsys.readouterr().err == "Error: kubeconfig /no/such/file: no such file\n"


def test_a_server_that_is_not_there_is_named_with_the_cure(kubeconfig: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The address that was tried, and what chooses another."""
    code = run(["status", "x", "--kubeconfig", kubeconfig], program="sluice", table=CLIENT)

    said = capsys.readouterr().err
    server = json.loads(Path(kubeconfig).read_text())["clusters"][0]["cluster"]["server"]
    assert (code, said.count("\n")) == (1, 1)
    assert f"(the server is {server})" in said
    assert "KUBECONFIG" in said
    assert "--context" in said


@pytest.mark.parametrize("word", sorted(OWN))
def test_a_command_that_only_sluice_has_is_said_to_be_there(word: str) -> None:
    """The plugins for kubectl have the client's commands only."""
    outcome = command([word, "x"], FakeApi([]), program="kubectl sluice")

    assert outcome.stderr == f'Error: unknown command "{word}" for "kubectl sluice": it is `sluice {word}`\n'


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Also those whose modules cost much to import."""
    assert run(["--help"], program="sluice", table={**CLIENT, **OWN}) == 0

    shown = capsys.readouterr().out
    assert all(name in shown for name in (*CLIENT, *OWN))


@pytest.mark.parametrize("name", sorted(CLIENT))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its module exists and its own help is printed."""
    assert run([name, "--help"], program="sluice", table=CLIENT) == 0
    assert f"Usage:\n  sluice {name}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["promote"], ["get"], ["set", "image", "web"], ["create"], ["restart", "a", "b"]])
def test_wrong_arguments_are_answered_with_the_usage(words: list[str]) -> None:
    """On stderr, with exit code 1, as cobra does it."""
    outcome = command(words, FakeApi([]))

    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("Usage:\n  sluice ")


def test_help_is_the_page_that_cobra_prints() -> None:
    """What it is for, usage, aliases, examples, flags in order, kubectl's flags."""
    page = command(["get", "rollout", "--help"], FakeApi([]), program="kubectl argo rollouts").stdout

    titles = [line for line in page.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Usage:", "Aliases:", "Examples:", "Flags:", "Global Flags:"]
    assert "  kubectl argo rollouts get rollout ROLLOUT_NAME [flags]\n" in page
    assert "  rollout, ro, rollouts\n" in page
    assert "  kubectl argo rollouts get rollout guestbook -w\n" in page
    assert "  -h, --help                  help for rollout\n      --no-color " in page
    assert "  -n, --namespace string " in page


def test_examples_are_shown_by_the_name_that_was_called() -> None:
    """`kubectl sluice` does not tell people to type `kubectl argo rollouts`."""
    page = command(["promote", "--help"], FakeApi([]), program="kubectl sluice").stdout

    assert "kubectl sluice promote guestbook --full" in page
    assert "argo" not in page.partition("Global Flags:")[0]


def test_help_tells_how_to_choose_a_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    """kubectl's own flags are no options of click's, and are shown all the same."""
    assert run(["status", "--help"], program="sluice", table=CLIENT) == 0
    assert "-n, --namespace" in capsys.readouterr().out


def test_the_namespace_is_the_flags_or_the_contexts() -> None:
    """-n wins; without it the kubeconfig's context decides."""
    api = FakeApi([], namespace="from-context")

    assert Session({}, open=lambda _: api).target(ROLLOUTS, "x").namespace == "from-context"
    assert Session({"namespace": "given"}, open=lambda _: api).target(ROLLOUTS, "x").namespace == "given"
