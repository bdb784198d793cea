"""Logging in: what a kubeconfig says, read by the small reader and by the library, and what the CLI's path imports."""

import asyncio
import json
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from rollouts.cluster import kubeconfig
from rollouts.cluster.client import HttpCluster
from rollouts.cluster.errors import ServerError
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.login import Credentials, LoginError, Overrides, login
from rollouts.cluster.plain import PlainCluster
from rollouts.cluster.port import Target
from tests.builders.servers import serving

CONFIG = Target(CONFIG_MAPS, "a", "shop")


def _written(folder: Path, *, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None) -> str:
    content = {
        "current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:8001/", **(cluster or {})}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "two", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
            {"name": "lost", "context": {"cluster": "nowhere", "user": "u"}},
        ],
    }
    path = folder / "config"
    path.write_text(json.dumps(content))
    return str(path)


def test_context_chooses_server_and_namespace(tmp_path: Path) -> None:
    """The current context is taken, or the one that is asked for."""
    path = _written(tmp_path)
    one, two = kubeconfig.read(kubeconfig=path), kubeconfig.read(kubeconfig=path, context="two")

    assert one is not None
    assert two is not None
    assert (one.server, one.namespace, two.namespace) == ("http://127.0.0.1:8001", "default", "shop")


def test_token_is_sent(tmp_path: Path) -> None:
    """A token becomes the Authorization header."""
    found = kubeconfig.read(kubeconfig=_written(tmp_path, user={"token": "abc"}))

    assert found is not None
    assert found.headers() == {"Authorization": "Bearer abc"}


def test_token_file_is_read_each_time(tmp_path: Path) -> None:
    """A token file beside the kubeconfig may change while we run."""
    path = _written(tmp_path, user={"tokenFile": "token"})
    (tmp_path / "token").write_text("first\n")
    found = kubeconfig.read(kubeconfig=path)
    assert found is not None
    first = found.headers()
    (tmp_path / "token").write_text("second\n")

    assert (first, found.headers()) == ({"Authorization": "Bearer first"}, {"Authorization": "Bearer second"})


def test_files_of_the_environment_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBECONFIG may list files; what an earlier one says stands."""
    (tmp_path / "a").mkdir()
    first, second = _written(tmp_path / "a", user={"token": "a"}), _written(tmp_path, user={"token": "b"})
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}")
    found = kubeconfig.read()

    assert found is not None
    assert found.headers() == {"Authorization": "Bearer a"}


@pytest.mark.parametrize(
    ("context", "told"),
    [("nope", "contexts has no entry 'nope' .known: lost, one, two"), ("lost", "clusters has no entry 'nowhere'")],
)
def test_missing_entries_are_named(tmp_path: Path, context: str, told: str) -> None:
    """The message says which entry is missing and which are known."""
    with pytest.raises(LoginError, match=told):
        kubeconfig.read(kubeconfig=_written(tmp_path), context=context)


def test_given_file_must_exist(tmp_path: Path) -> None:
    """A kubeconfig that was asked for and is not there is an error, not another cluster."""
    with pytest.raises(LoginError, match="no such file"):
        kubeconfig.read(kubeconfig=str(tmp_path / "nothing"))


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """Broken YAML names the file."""
    (tmp_path / "config").write_text("a: [")
    with pytest.raises(LoginError, match="config: cannot be read"):
        kubeconfig.read(kubeconfig=str(tmp_path / "config"))


def test_an_exec_plugin_says_who_we_are(tmp_path: Path) -> None:
    """Both readers run it: the CLI's small one and, for the controller, the library."""
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "from-plugin"},
    }
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", f"print({json.dumps(json.dumps(credential))})"],
        "interactiveMode": "Never",
    }
    path = _written(tmp_path, user={"exec": plugin})

    known = kubeconfig.read(kubeconfig=path)
    assert known is not None
    assert known.headers() == {"Authorization": "Bearer from-plugin"}
    found = login(kubeconfig=path, context="two")
    assert list(found.headers().values()) == ["Bearer from-plugin"]
    assert (found.server, found.namespace) == ("http://127.0.0.1:8001", "shop")


def test_proxies_are_for_others_than_loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is used for a far server, by the library's login, and never for loopback."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "near.example")
    near, far = tmp_path / "near", tmp_path / "far"
    for folder in (near, far):
        folder.mkdir()
    by_name = _written(near, cluster={"server": "https://near.example"})
    elsewhere = _written(far, cluster={"server": "https://far.example"})

    assert kubeconfig.read(kubeconfig=elsewhere) is None
    assert login(kubeconfig=elsewhere).proxy == "http://proxy.example:3128"
    assert login(kubeconfig=by_name).proxy is None
    assert login(kubeconfig=_written(tmp_path)).proxy is None


def test_the_command_line_has_the_last_word(tmp_path: Path) -> None:
    """Token, impersonation and proxy stand over what the kubeconfig says; the server stays."""
    path = _written(tmp_path, user={"token": "abc"}, cluster={"server": "https://far.example"})
    overrides = Overrides(token="mine", acts_as="jane", acts_as_group="ops", proxy="http://proxy.example:3128")

    found = login(kubeconfig=path, overrides=replace(overrides, trusts_any_server=True))

    headers = {name.lower(): value for name, value in found.headers().items()}
    assert headers == {"authorization": "Bearer mine", "impersonate-user": "jane", "impersonate-group": "ops"}
    assert (found.server, found.proxy) == ("https://far.example", "http://proxy.example:3128")
    assert found.tls is not None
    assert found.tls.verify_mode is ssl.CERT_NONE


def test_a_server_of_the_command_line_gets_only_what_the_command_line_gives(tmp_path: Path) -> None:
    """The kubeconfig's token is not meant for it."""
    path = _written(tmp_path, user={"token": "abc"})

    bare = login(kubeconfig=path, overrides=Overrides(server="http://127.0.0.1:1/"))
    given = login(kubeconfig=path, overrides=Overrides(server="http://127.0.0.1:1/", token="mine"))

    assert (bare.server, dict(bare.headers())) == ("http://127.0.0.1:1", {})
    assert (given.server, list(given.headers().values())) == ("http://127.0.0.1:1", ["Bearer mine"])


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (Overrides(authority="/nowhere/ca.crt"), "--certificate-authority: there is no file /nowhere/ca.crt"),
        (Overrides(acts_as_group="ops"), "--as-group and --as-uid need --as"),
    ],
)
def test_overrides_that_make_no_sense_are_named(tmp_path: Path, overrides: Overrides, told: str) -> None:
    """The message names the flag."""
    with pytest.raises(LoginError, match=told):
        login(kubeconfig=_written(tmp_path), overrides=overrides)


def test_no_login_says_what_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without kubeconfig and outside of a pod the message names both and the cure."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(LoginError, match="kubeconfig"):
        login(kubeconfig=str(tmp_path / "nothing"))


def test_plain_client_imports_little() -> None:
    """The CLI's path loads no HTTP framework and no Kubernetes library."""
    program = "import sys, rollouts.cluster.plain; print(*(sorted(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert not {"aiohttp", "kopf", "kubernetes", "msgspec", "asyncio"} & set(loaded)


def _two_of_everything(folder: Path) -> str:
    content = {
        "current-context": "one",
        "clusters": [{"name": name, "cluster": {"server": f"http://{name}.example"}} for name in ("near", "far")],
        "users": [{"name": name, "user": {"token": f"of-{name}"}} for name in ("jane", "joe")],
        "contexts": [{"name": "one", "context": {"cluster": "near", "user": "jane", "namespace": "shop"}}],
    }
    path = folder / "config"
    path.write_text(json.dumps(content))
    return str(path)


def test_another_cluster_and_user_of_the_kubeconfig_may_be_chosen(tmp_path: Path) -> None:
    """The context's namespace stays, and so does the file."""
    path = _two_of_everything(tmp_path)
    before = Path(path).read_text()

    plain, chosen = login(kubeconfig=path), login(kubeconfig=path, overrides=Overrides(cluster="far", user="joe"))

    assert (plain.server, list(plain.headers().values())) == ("http://near.example", ["Bearer of-jane"])
    assert (chosen.server, list(chosen.headers().values())) == ("http://far.example", ["Bearer of-joe"])
    assert chosen.namespace == "shop"
    assert Path(path).read_text() == before


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (Overrides(user="nobody"), "nobody"),
        (Overrides(cluster="nowhere"), "nowhere"),
        (Overrides(server="http://here", user="joe"), "leave them out with --server"),
        (Overrides(username="joe"), "--username and --password: give both"),
        (Overrides(username="joe", password="secret", token="mine"), "--token and --username: give one of the two"),
    ],
)
def test_choices_that_cannot_be_made_are_named(tmp_path: Path, overrides: Overrides, told: str) -> None:
    """Never another identity than the one that was asked for."""
    with pytest.raises(LoginError, match=told):
        login(kubeconfig=_two_of_everything(tmp_path), overrides=overrides)


def test_a_name_and_a_password_are_sent_as_basic_authentication(tmp_path: Path) -> None:
    """In place of the kubeconfig's token."""
    overrides = Overrides(username="joe", password="secret")

    found = login(kubeconfig=_two_of_everything(tmp_path), overrides=overrides)

    assert found.headers() == {"Authorization": "Basic am9lOnNlY3JldA=="}


async def test_a_certificate_may_have_another_name_than_the_address(tmp_path: Path) -> None:
    """--tls-server-name, or tls-server-name of the kubeconfig; without it the connection is refused."""
    certificate = _certificate_for("kubernetes.example", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"metadata": {"name": "a"}})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with serving(app, tls=context) as url:
        plain = {"server": url, "certificate-authority": str(certificate[0])}
        named = _written(tmp_path, cluster={**plain, "tls-server-name": "kubernetes.example"})
        found, by_file = await _name_of(login(kubeconfig=named)), login(kubeconfig=named)
        told = _written(tmp_path, cluster=plain)
        by_flag = login(kubeconfig=told, overrides=Overrides(server_name="kubernetes.example"))

        assert (found, await _name_of(by_flag)) == ("a", "a")
        assert await asyncio.to_thread(lambda: PlainCluster(by_file).get(CONFIG)["metadata"]["name"]) == "a"
        with pytest.raises(ServerError, match="certificate"):
            await _name_of(login(kubeconfig=told))


async def _name_of(credentials: Credentials) -> str:
    async with HttpCluster(credentials) as cluster:
        return str((await cluster.get(CONFIG))["metadata"]["name"])


def _certificate_for(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    paths = folder / "tls.crt", folder / "tls.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"]
    files = ["-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run([*command, *files], check=True, capture_output=True)
    return paths
