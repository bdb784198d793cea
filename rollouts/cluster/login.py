"""Who we are to the API server. Called by the controller's wiring, and by the plain client beyond its own reader.

The `kubernetes` library reads the kubeconfig (certificates, tokens, exec plugins, providers, proxies) or the pod's own
service account; it is imported only when a login is asked for, since it costs a quarter of a second and 35 MB.
"""

import base64
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rollouts.model.errors import RolloutsError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SERVICE_ACCOUNT_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class LoginError(RolloutsError):
    """No usable kubeconfig and not in a pod; the message names what was looked for."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to reach and convince one API server.

    `headers` gives the Authorization header of this moment: it re-reads or re-runs what has run out, and may block for
    as long as an exec plugin takes (`is_renewed` says whether it ever does more than return a constant).
    """

    server: str
    tls: ssl.SSLContext | None
    headers: Callable[[], Mapping[str, str]]
    is_renewed: bool = False
    namespace: str = "default"
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says instead of the kubeconfig; "" leaves that as it is. Files are given by path.

    A `server` of its own gets none of the kubeconfig's credentials, only those that stand here. `cluster` and `user`
    choose other entries of the kubeconfig than the context does; `server_name` is the name in the server's certificate.
    `acts_as_group` has a line for each group.
    """

    server: str = ""
    token: str = ""
    authority: str = ""
    certificate: str = ""
    key: str = ""
    trusts_any_server: bool = False
    proxy: str = ""
    acts_as: str = ""
    acts_as_group: str = ""
    acts_as_uid: str = ""
    username: str = ""
    password: str = ""
    cluster: str = ""
    user: str = ""
    server_name: str = ""

    @property
    def impersonation(self) -> dict[str, str]:
        """The headers by which we act as somebody else."""
        headers = {
            "Impersonate-User": self.acts_as,
            "Impersonate-Group": self.acts_as_group,
            "Impersonate-Uid": self.acts_as_uid,
        }
        return {name: value for name, value in headers.items() if value}

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every request: whom we act as, and a name and password (a proxy may ask for them)."""
        if not self.username:
            return self.impersonation
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {**self.impersonation, "Authorization": f"Basic {pair}"}


class NamedContext(ssl.SSLContext):
    """TLS towards a server whose certificate has another name than its address."""

    name: str

    def wrap_bio(self, *args: Any, **named: Any) -> ssl.SSLObject:
        """For asyncio."""
        return super().wrap_bio(*args, **{**named, "server_hostname": self.name})

    def wrap_socket(self, *args: Any, **named: Any) -> ssl.SSLSocket:
        """For http.client."""
        return super().wrap_socket(*args, **{**named, "server_hostname": self.name})


def pod_namespace() -> str:
    """The namespace of the pod we run in, "" outside of one."""
    return SERVICE_ACCOUNT_NAMESPACE.read_text().strip() if SERVICE_ACCOUNT_NAMESPACE.exists() else ""


def anonymous(server: str) -> Credentials:
    """No login at all: for the embedded cluster on loopback, and for tests."""
    return Credentials(server.rstrip("/"), None, dict)


def login(
    *, kubeconfig: str | None = None, context: str | None = None, overrides: Overrides = Overrides()
) -> Credentials:
    """Credentials from the kubeconfig (given, $KUBECONFIG or ~/.kube/config), else from the pod we run in.

    LoginError where there is neither, or where the overrides make no sense.
    """
    _check(overrides)
    if overrides == Overrides(server=overrides.server) and overrides.server:
        return anonymous(overrides.server)
    from kubernetes import client

    configuration = client.Configuration()
    namespace = "default"
    if overrides.server:
        configuration.host = overrides.server
    else:
        namespace = _loaded(configuration, kubeconfig, context, overrides)
    _override(configuration, overrides)
    return _credentials_of(configuration, namespace, overrides.headers)


def pod_login() -> Credentials:
    """Credentials of the pod we run in, whatever kubeconfig there is. LoginError outside of one."""
    from kubernetes import client

    configuration = client.Configuration()
    config: Any = import_module("kubernetes.config")  # its loaders carry no types
    namespace = _in_cluster(config, configuration, LoginError("only the pod's own account was asked for"))
    return _credentials_of(configuration, namespace, {})


def _check(overrides: Overrides) -> None:
    """Refuse what cannot be meant."""
    check_identity(overrides)
    if overrides.server and (overrides.cluster or overrides.user):
        raise LoginError("--cluster and --user choose entries of the kubeconfig: leave them out with --server")


def check_identity(overrides: Overrides) -> None:
    """Refuse contradictions about who we are."""
    if overrides.impersonation and not overrides.acts_as:
        raise LoginError("--as-group and --as-uid need --as: whose group or uid is it?")
    if bool(overrides.username) != bool(overrides.password):
        raise LoginError("--username and --password: give both, or neither")
    if overrides.username and overrides.token:
        raise LoginError("--token and --username: give one of the two")


def _loaded(configuration: Any, kubeconfig: str | None, context: str | None, overrides: Overrides) -> str:
    """Fill the library's Configuration; the namespace that comes with it."""
    config: Any = import_module("kubernetes.config")  # its loaders carry no types
    try:
        loader = _loader(config, kubeconfig, context, overrides)
        loader.load_and_set(configuration)
    except config.ConfigException as no_file:
        if kubeconfig or context or overrides.cluster or overrides.user:
            raise LoginError(f"kubeconfig: {no_file}") from no_file
        return _in_cluster(config, configuration, no_file)
    return str(loader.current_context.get("context", {}).get("namespace") or "default")


def _loader(config: Any, kubeconfig: str | None, context: str | None, overrides: Overrides) -> Any:
    """The library's loader for the context, which names another cluster or user where the command line does."""
    library = config.kube_config
    files = library.KubeConfigMerger(kubeconfig or library.KUBE_CONFIG_DEFAULT_LOCATION)
    if files.config is None:
        raise config.ConfigException("Invalid kube-config file. No configuration found.")
    chosen = {key: name for key, name in (("cluster", overrides.cluster), ("user", overrides.user)) if name}
    if chosen:
        name = context or files.config["current-context"]
        entry = files.config["contexts"].get_with_name(name)
        entry.value = {**entry.value, "context": {**entry.value["context"], **chosen}}  # a copy: the file keeps its own
    if overrides.user:
        files.config["users"].get_with_name(overrides.user)  # else the library would go without any
    return library.KubeConfigLoader(
        config_dict=files.config, config_base_path=None, active_context=context, config_persister=files.save_changes
    )


def _override(configuration: Any, overrides: Overrides) -> None:
    """Put the command line's word over the kubeconfig's."""
    files = {
        "certificate-authority": (overrides.authority, "ssl_ca_cert"),
        "client-certificate": (overrides.certificate, "cert_file"),
        "client-key": (overrides.key, "key_file"),
    }
    for flag, (path, attribute) in files.items():
        if path and not Path(path).is_file():
            raise LoginError(f"--{flag}: there is no file {path}")
        if path:
            setattr(configuration, attribute, path)
    if overrides.token or overrides.username:
        configuration.refresh_api_key_hook = None
        configuration.api_key = {"authorization": f"Bearer {overrides.token}"} if overrides.token else {}
    if overrides.trusts_any_server:
        configuration.verify_ssl = False
    if overrides.proxy:
        configuration.proxy = overrides.proxy
    if overrides.server_name:
        configuration.tls_server_name = overrides.server_name


def _credentials_of(configuration: Any, namespace: str, extra: Mapping[str, str]) -> Credentials:
    """Credentials out of the library's Configuration; `extra` headers go with every request."""
    server = str(configuration.host).rstrip("/")

    def headers() -> Mapping[str, str]:
        settings = configuration.auth_settings().values()
        return {**{entry["key"]: entry["value"] for entry in settings if entry.get("value")}, **extra}

    return Credentials(
        server=server,
        tls=_tls(configuration) if urlsplit(server).scheme == "https" else None,
        headers=headers,
        is_renewed=configuration.refresh_api_key_hook is not None,
        namespace=namespace,
        proxy=_proxy(configuration, urlsplit(server).hostname or ""),
    )


def _proxy(configuration: Any, host: str) -> str | None:
    """The proxy of the kubeconfig or the environment; never for loopback or for hosts in NO_PROXY."""
    from urllib.request import proxy_bypass

    if not configuration.proxy or host in LOOPBACK or proxy_bypass(host):
        return None
    return str(configuration.proxy)


def _in_cluster(config: Any, configuration: Any, no_file: Exception) -> str:
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as no_pod:
        raise LoginError(
            f"no cluster to log in to ({str(no_file).rstrip('.')}), and this is no pod ({str(no_pod).rstrip('.')}): "
            "set KUBECONFIG or --kubeconfig"
        ) from no_pod
    return pod_namespace() or "default"


def _tls(configuration: Any) -> ssl.SSLContext:
    context = _context_for(configuration.ssl_ca_cert, configuration.tls_server_name)
    # Kubernetes' own certificates often lack the key usage that Python 3.13's strict mode asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context


def _context_for(authority: str | None, server_name: str | None) -> ssl.SSLContext:
    """Trust in this authority (None: the system's), for a certificate of this name (None: that of the address)."""
    if not server_name:
        return ssl.create_default_context(cafile=authority)
    context = NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name = server_name
    if authority:
        context.load_verify_locations(authority)
    else:
        context.load_default_certs()
    return context
