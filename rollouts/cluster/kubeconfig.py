"""A small reader of kubeconfig files. Called by the CLI's plain client, which must not wait for a big library.

It knows certificates, tokens, token files, passwords, exec plugins, impersonation, contexts, and what the command line
says instead. Everything else (auth providers, proxies) makes `read` return None: the
`kubernetes` library takes it.
"""

import base64
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from rollouts.cluster.execplugin import Identity, ask
from rollouts.cluster.login import LOOPBACK, Credentials, LoginError, NamedContext, Overrides, check_identity

_CLUSTER_KEYS: Final = {
    "server",
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
    "tls-server-name",
    "extensions",
    "disable-compression",
}
_USER_KEYS: Final = {
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
    "tokenFile",
    "username",
    "password",
    "exec",
    "as",
    "as-groups",
    "as-uid",
    "extensions",
}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(
    *, kubeconfig: str | None = None, context: str | None = None, overrides: Overrides = Overrides()
) -> Credentials | None:
    """Credentials of the (current) context; None where there is no file or the file needs more than is known here."""
    check_identity(overrides)
    paths = _paths(kubeconfig)
    if not paths and not overrides.server:
        return None
    chosen, cluster, user = _entries(paths, context, overrides)
    cluster, user = _overridden(cluster, user, overrides)
    if set(cluster) - _CLUSTER_KEYS or set(user) - _USER_KEYS or _is_behind_proxy(cluster):
        return None
    return _credentials(cluster, user, chosen.get("namespace") or "default")


def names(section: str, *, kubeconfig: str | None = None) -> tuple[str, ...]:
    """The names of its `contexts`, `clusters` or `users`."""
    return tuple(sorted(_merged(_paths(kubeconfig))[section]))


def _entries(
    paths: list[Path], context: str | None, overrides: Overrides
) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """Context, cluster and user. Without any context, a server or a cluster must have been named."""
    merged = _merged(paths)
    name = context or merged["current-context"]
    if not name and not (overrides.server or overrides.cluster):
        raise LoginError(f"kubeconfig {_names(paths)}: current-context is not set; set it or give --context")
    chosen = _named(merged, "contexts", name, paths) if name else {}
    cluster = overrides.cluster or chosen.get("cluster", "")
    user = overrides.user or chosen.get("user")
    return (
        chosen,
        _named(merged, "clusters", cluster, paths) if cluster or not overrides.server else {},
        _named(merged, "users", user, paths) if user else {},
    )


def _overridden(
    cluster: Mapping[str, Any], user: Mapping[str, Any], overrides: Overrides
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """As kubectl has it: a flag replaces the field, and the fields that say the same in another form."""
    cluster = _with(cluster, server=overrides.server, tls_server_name=overrides.server_name)
    if overrides.authority:
        cluster = {**_without(cluster, "certificate-authority-data"), "certificate-authority": overrides.authority}
    if overrides.trusts_any_server:
        cluster = _without(cluster, "certificate-authority", "certificate-authority-data")
        cluster = {**cluster, "insecure-skip-tls-verify": True}
    if overrides.token:
        user = {**_without(user, "tokenFile", "exec", "auth-provider"), "token": overrides.token}
    if overrides.username:
        user = _without(user, "token", "tokenFile", "exec", "auth-provider")
        user = {**user, "username": overrides.username, "password": overrides.password}
    if overrides.certificate:
        user = {**_without(user, "client-certificate-data"), "client-certificate": overrides.certificate}
    if overrides.key:
        user = {**_without(user, "client-key-data"), "client-key": overrides.key}
    if overrides.acts_as:
        user = {**_without(user, "as-groups", "as-uid"), "as": overrides.acts_as}
        user = _with(user, as_uid=overrides.acts_as_uid)
        user = {**user, "as-groups": overrides.acts_as_group.splitlines()}
    return cluster, user


def _with(entry: Mapping[str, Any], **fields: str) -> Mapping[str, Any]:
    return {**entry, **{name.replace("_", "-"): value for name, value in fields.items() if value}}


def _without(entry: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in fields}


def _is_behind_proxy(cluster: Mapping[str, Any]) -> bool:
    host = urlsplit(str(cluster.get("server", ""))).hostname
    names = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
    return host not in LOOPBACK and any(os.environ.get(name) for name in names)


def _paths(kubeconfig: str | None) -> list[Path]:
    if kubeconfig:
        given = Path(kubeconfig)
        if not given.is_file():
            raise LoginError(f"kubeconfig {given}: no such file")
        return [given]
    listed = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return [Path(entry) for entry in listed.split(os.pathsep) if entry and Path(entry).is_file()]


def _merged(paths: list[Path]) -> dict[str, Any]:
    """The files as one; as kubectl has it, what an earlier file says stands."""
    merged: dict[str, Any] = {"current-context": "", "contexts": {}, "clusters": {}, "users": {}}
    for path in paths:
        content = _load(path)
        merged["current-context"] = merged["current-context"] or content.get("current-context", "")
        for section, key in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
            for entry in content.get(section) or ():
                merged[section].setdefault(entry["name"], _located(entry.get(key) or {}, path.parent))
    return merged


def _load(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.load(path.read_text(), _LOADER)  # a safe loader, in C where there is one
    except (yaml.YAMLError, OSError) as error:
        raise LoginError(f"kubeconfig {path}: cannot be read: {error}") from error
    if not isinstance(content, Mapping):
        raise LoginError(f"kubeconfig {path}: expected a mapping with clusters, users and contexts")
    return content


def _located(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """File names in a kubeconfig are relative to it."""
    files = {"certificate-authority", "client-certificate", "client-key", "tokenFile"}
    located = {key: str(folder / value) if key in files and value else value for key, value in entry.items()}
    command = str((entry.get("exec") or {}).get("command", ""))
    if os.sep in command:
        located["exec"] = {**entry["exec"], "command": str(folder / command)}
    return located


def _named(merged: Mapping[str, Any], section: str, name: str, paths: list[Path]) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = merged[section].get(name)
    if found is None:
        known = ", ".join(sorted(merged[section])) or "none"
        raise LoginError(f"kubeconfig {_names(paths)}: {section} has no entry {name!r} (known: {known})")
    return found


def _names(paths: list[Path]) -> str:
    return os.pathsep.join(str(path) for path in paths)


def _credentials(cluster: Mapping[str, Any], user: Mapping[str, Any], namespace: str) -> Credentials:
    server = str(cluster.get("server") or "http://localhost:8080").rstrip("/")
    server = server if "://" in server else f"http://{server}"
    plugin: Mapping[str, Any] = user.get("exec") or {}
    identity = ask(plugin, cluster) if plugin else Identity()
    tls = _tls(cluster, user, identity) if urlsplit(server).scheme == "https" else None

    def headers() -> Mapping[str, str]:
        token = ask(plugin, cluster).token if plugin else _token(user)
        return {**_impersonation(user), **_authorization(user, token)}

    return Credentials(server, tls, headers, is_renewed=bool(plugin), namespace=namespace)


def _token(user: Mapping[str, Any]) -> str:
    return Path(user["tokenFile"]).read_text().strip() if user.get("tokenFile") else str(user.get("token") or "")


def _authorization(user: Mapping[str, Any], token: str) -> dict[str, str]:
    if token:
        return {"Authorization": f"Bearer {token}"}
    if not user.get("username"):
        return {}
    pair = base64.b64encode(f"{user['username']}:{user.get('password', '')}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _impersonation(user: Mapping[str, Any]) -> dict[str, str]:
    """Headers; one that goes out several times has a line for each."""
    headers = {
        "Impersonate-User": str(user.get("as") or ""),
        "Impersonate-Group": "\n".join(user.get("as-groups") or ()),
        "Impersonate-Uid": str(user.get("as-uid") or ""),
    }
    return {name: value for name, value in headers.items() if value}


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], identity: Identity) -> ssl.SSLContext:
    authority = _pem(cluster, "certificate-authority")
    context = _context(str(cluster.get("tls-server-name") or ""), authority.decode() if authority else None)
    # Kubernetes' own certificates often lack the key usage that Python 3.13's strict mode asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if identity.certificate:
        _load_pair(context, identity.certificate.encode(), identity.key.encode())
    else:
        _load_pair(context, _pem(user, "client-certificate"), _pem(user, "client-key"))
    return context


def _context(server_name: str, authority: str | None) -> ssl.SSLContext:
    """Trust in this authority (None: the system's), for a certificate of this name ("": that of the address)."""
    if not server_name:
        return ssl.create_default_context(cadata=authority)
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name = server_name
    if authority:
        context.load_verify_locations(cadata=authority)
    else:
        context.load_default_certs()
    return context


def _pem(entry: Mapping[str, Any], key: str) -> bytes:
    if entry.get(f"{key}-data"):
        return base64.b64decode(entry[f"{key}-data"])
    try:
        return Path(entry[key]).read_bytes() if entry.get(key) else b""
    except OSError as error:
        raise LoginError(f"{key} {entry[key]}: {error.strerror}") from error


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    if not certificate:
        return
    import tempfile

    with tempfile.NamedTemporaryFile() as pair:  # the ssl module takes files only
        pair.write(certificate + b"\n" + key)
        pair.flush()
        context.load_cert_chain(pair.name)
