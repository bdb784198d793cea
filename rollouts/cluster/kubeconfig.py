"""A small reader of kubeconfig files. Called by the CLI's plain client, which must not wait for a big library.

It knows certificates, tokens, token files, `insecure-skip-tls-verify`, http and https servers and contexts. Everything
else (exec plugins, auth providers, proxies, impersonation) makes `read` return None: the `kubernetes` library takes it.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from rollouts.cluster.login import LOOPBACK, Credentials, LoginError

_CLUSTER_KEYS: Final = {
    "server",
    "certificate-authority",
    "certificate-authority-data",
    "insecure-skip-tls-verify",
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
    "extensions",
}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(*, kubeconfig: str | None = None, context: str | None = None) -> Credentials | None:
    """Credentials of the (current) context; None where there is no file or the file needs more than is known here."""
    paths = _paths(kubeconfig)
    if not paths:
        return None
    merged = _merged(paths)
    name = context or merged["current-context"]
    if not name:
        raise LoginError(f"kubeconfig {_names(paths)}: current-context is not set; set it or give --context")
    chosen = _named(merged, "contexts", name, paths)
    cluster = _named(merged, "clusters", chosen.get("cluster", ""), paths)
    user = _named(merged, "users", chosen["user"], paths) if chosen.get("user") else {}
    if set(cluster) - _CLUSTER_KEYS or set(user) - _USER_KEYS or _is_behind_proxy(cluster):
        return None
    return _credentials(cluster, user, chosen.get("namespace") or "default")


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
    return {key: str(folder / value) if key in files else value for key, value in entry.items()}


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
    tls = _tls(cluster, user) if urlsplit(server).scheme == "https" else None

    def headers() -> Mapping[str, str]:
        token = Path(user["tokenFile"]).read_text().strip() if user.get("tokenFile") else user.get("token", "")
        return {"Authorization": f"Bearer {token}"} if token else {}

    return Credentials(server, tls, headers, namespace=namespace)


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    authority = _pem(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    # Kubernetes' own certificates often lack the key usage that Python 3.13's strict mode asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_pair(context, _pem(user, "client-certificate"), _pem(user, "client-key"))
    return context


def _pem(entry: Mapping[str, Any], key: str) -> bytes:
    if entry.get(f"{key}-data"):
        return base64.b64decode(entry[f"{key}-data"])
    return Path(entry[key]).read_bytes() if entry.get(key) else b""


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    if not certificate:
        return
    with tempfile.NamedTemporaryFile() as pair:  # the ssl module takes files only
        pair.write(certificate + b"\n" + key)
        pair.flush()
        context.load_cert_chain(pair.name)
