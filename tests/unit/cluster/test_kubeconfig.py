"""The small reader's own: exec plugins, impersonation and flags that stand over the file. No library is needed."""

import asyncio
import base64
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from rollouts.cluster import kubeconfig
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.login import Credentials, LoginError, NamedContext, Overrides
from rollouts.cluster.plain import PlainCluster, connect
from rollouts.cluster.port import Target
from tests.builders.servers import serving

NOTING = """
import json, os, pathlib, sys
seen = pathlib.Path(sys.argv[1])
runs = len(seen.read_text().splitlines()) if seen.exists() else 0
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
seen.write_text((seen.read_text() if runs else "") + json.dumps([os.environ["WHO"], info["spec"]]) + "\\n")
status = {"token": f"token-{runs + 1}", "expirationTimestamp": sys.argv[2]} if sys.argv[2] else {"token": "for-ever"}
print(json.dumps({"kind": "ExecCredential", "status": status}))
"""


def written(folder: Path, user: dict[str, Any], **cluster: Any) -> str:
    """A kubeconfig of one context."""
    content = {
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": "https://far.example", **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
    }
    path = folder / "config"
    path.write_text(json.dumps(content))
    return str(path)


def found(path: str | None, **overrides: Any) -> Credentials:
    """What the reader makes of it."""
    known = kubeconfig.read(kubeconfig=path, overrides=Overrides(**overrides))
    assert known is not None
    return known


def a_plugin(folder: Path, ends: str) -> dict[str, Any]:
    """A program that notes how it was run, in a folder that the kubeconfig names relative to itself."""
    arguments = ["-c", NOTING, str(folder / "seen"), ends]
    environment = [{"name": "WHO", "value": "jane"}]
    return {"command": sys.executable, "args": arguments, "env": environment, "provideClusterInfo": True}


def test_a_plugin_is_asked_once_while_its_answer_holds(tmp_path: Path) -> None:
    """With its environment, and told of the cluster where it wants to be."""
    known = found(written(tmp_path, {"exec": a_plugin(tmp_path, "")}))

    assert [known.headers(), known.headers()] == [{"Authorization": "Bearer for-ever"}] * 2
    assert [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()] == [
        ["jane", {"interactive": False, "cluster": {"server": "https://far.example"}}]
    ]


def test_a_plugin_is_asked_again_when_its_answer_has_run_out(tmp_path: Path) -> None:
    """A long watch outlives a token."""
    known = found(written(tmp_path, {"exec": a_plugin(tmp_path, "2020-01-01T00:00:00Z")}))

    tokens = [known.headers()["Authorization"] for _ in range(2)]

    assert tokens == ["Bearer token-2", "Bearer token-3"]


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        ({"command": "no-such-plugin", "installHint": "get it"}, "'no-such-plugin' cannot be run: .*: get it"),
        ({"command": sys.executable, "args": ["-c", "raise SystemExit(3)"]}, "ended with exit code 3"),
        ({"command": sys.executable, "args": ["-c", "print('hello')"]}, "gave no ExecCredential"),
    ],
)
def test_a_plugin_that_fails_is_named(tmp_path: Path, plugin: dict[str, Any], said: str) -> None:
    """With what to do about it, where the kubeconfig knows."""
    with pytest.raises(LoginError, match=said):
        found(written(tmp_path, {"exec": plugin}))


def test_who_we_are_and_whom_we_act_as(tmp_path: Path) -> None:
    """Name and password; a user, groups and uid to be."""
    user = {"username": "a", "password": "b", "as": "jane", "as-groups": ["ops", "dev"], "as-uid": "7"}

    assert found(written(tmp_path, user)).headers() == {
        "Authorization": f"Basic {base64.b64encode(b'a:b').decode()}",
        "Impersonate-User": "jane",
        "Impersonate-Group": "ops\ndev",
        "Impersonate-Uid": "7",
    }


def test_flags_stand_over_the_file(tmp_path: Path) -> None:
    """Each replaces its field, and what says the same in another form."""
    path = written(tmp_path, {"exec": {"command": "never-run"}, "as": "joe", "as-groups": ["ops"]})

    known = found(path, token="mine", acts_as="jane", server="https://near.example/", trusts_any_server=True)

    assert (known.server, known.namespace) == ("https://near.example", "shop")
    assert known.headers() == {"Authorization": "Bearer mine", "Impersonate-User": "jane"}
    assert known.tls is not None
    assert known.tls.verify_mode is ssl.CERT_NONE


def test_a_server_needs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-s` alone is enough; what has no scheme is plain HTTP, as kubectl has it."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))

    assert found(None, server="127.0.0.1:8001").server == "http://127.0.0.1:8001"


def test_a_certificate_may_have_another_name(tmp_path: Path) -> None:
    """`tls-server-name`, of the file or of the command line."""
    known = found(written(tmp_path, {}, **{"tls-server-name": "kubernetes"}))

    assert isinstance(known.tls, NamedContext)
    assert known.tls.name == "kubernetes"


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"acts_as_group": "ops"}, "--as-group and --as-uid need --as"),
        ({"authority": "/nowhere/ca.crt"}, "certificate-authority /nowhere/ca.crt: No such file"),
        ({"user": "nobody"}, "users has no entry 'nobody' \\(known: u\\)"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, overrides: dict[str, Any], said: str) -> None:
    """With the flag or the field."""
    with pytest.raises(LoginError, match=said):
        found(written(tmp_path, {}), **overrides)


def test_names_are_those_of_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the completion of --context and its like."""
    (tmp_path / "b").mkdir()
    one, two = written(tmp_path, {}), written(tmp_path / "b", {})
    Path(two).write_text(Path(two).read_text().replace('"one"', '"two"'))
    monkeypatch.setenv("KUBECONFIG", f"{one}:{two}")

    assert kubeconfig.names("contexts") == ("one", "two")


async def test_each_group_goes_out_as_a_header_of_its_own(tmp_path: Path) -> None:
    """So the API server takes them; one header with commas would be one group."""
    seen: list[list[str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.getall("Impersonate-Group"))
        return web.json_response({"kind": "ConfigMap"})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with serving(app) as url:
        path = written(tmp_path, {}, server=url)
        overrides = Overrides(acts_as="jane", acts_as_group="ops\ndev")
        cluster = connect(kubeconfig_path=path, overrides=overrides)
        await asyncio.to_thread(_ask, cluster)

    assert seen == [["ops", "dev"]]


def _ask(cluster: PlainCluster) -> None:
    with cluster:
        cluster.get(Target(CONFIG_MAPS, "a", "shop"))
