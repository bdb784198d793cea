"""What the controller is told: Argo's flags, all of them, and a few of ours. Read by the CLI, obeyed by the wiring.

One table. A flag without a meaning yet is accepted and named once in the log, so that hand-made Deployments start
unchanged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from analysis.errors import AnalysisError
from analysis.reach import Reach, places_in
from rollouts.cluster.leadership import Term
from rollouts.cluster.login import Overrides
from rollouts.controller.ticking.settings import TickSettings, chats_of, tick_settings_of
from rollouts.dialects.argo.reading import go_duration
from rollouts.model.errors import RolloutsError
from rollouts.telemetry.logs import FORMATS, LEVELS
from rollouts.traffic.protocol import Options

DEFAULT_NAMESPACE = "argo-rollouts"

Value = str | int | float | bool


class SettingsError(RolloutsError):
    """A flag with a value that it cannot take."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of the command line. Its type is that of its default; `field` "" means: accepted, no meaning yet."""

    name: str
    default: Value
    help: str
    field: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the flags mean. `namespace` None: all namespaces; "": that of the login.

    `request_timeout` are seconds; `verify_every` is the pause between two looks at a weight that is not verified yet;
    `drain` is how long requests may still come to where routes and Services led before.
    """

    resync: timedelta = timedelta(seconds=900)
    namespace: str | None = None
    instance_id: str = ""
    log_level: str = "info"
    log_format: str = "text"
    logs_requests: bool = False
    metrics_port: int = 8090
    healthz_port: int = 8080
    qps: float = 400.0
    burst: int = 800
    request_timeout: float = 30.0
    accepts_compression: bool = True
    rollout_threads: int = 10
    analysis_threads: int = 30
    experiment_threads: int = 10
    service_threads: int = 10
    metadata_threads: int = 10
    metadata_attempts: int = 3
    is_elected: bool = True
    lease_namespace: str = DEFAULT_NAMESPACE
    term: Term = field(default_factory=Term)
    is_analysis_only: bool = False
    syncs_git: bool = True
    data_dir: str = ""
    allows_clear_credentials: bool = False
    prometheus: str = ""
    reach: Reach = field(default_factory=Reach)
    verify_every: timedelta = timedelta(seconds=10)
    drain: timedelta = timedelta(seconds=10)
    kubeconfig: str = ""
    context: str = ""
    overrides: Overrides = field(default_factory=Overrides)
    traffic: Options = field(default_factory=Options)
    ticking: TickSettings = field(default_factory=TickSettings)

    @property
    def lease_name(self) -> str:
        """The Lease that replicas with this instance id compete for."""
        return f"argo-rollouts-controller-lock{'-' + self.instance_id if self.instance_id else ''}"


FLAGS: tuple[Flag, ...] = (
    Flag("rollout-resync", 900, "Seconds after which every rollout is looked at again.", "resync"),
    Flag("namespaced", False, "Watch one namespace only, and nothing that is cluster-scoped.", "namespaced"),
    Flag("loglevel", "info", f"One of {', '.join(LEVELS)}.", "log_level"),
    Flag("logformat", "text", f"One of {', '.join(FORMATS)}.", "log_format"),
    Flag("kloglevel", 0, "From 6 on, a line for each request to the API server.", "client_log_level"),
    Flag("metricsPort", 8090, "Port of /metrics (0: any free one).", "metrics_port"),
    Flag("healthzPort", 8080, "Port of /healthz (0: any free one).", "healthz_port"),
    Flag("instance-id", "", "Only objects with this controller-instance-id label (none: without one).", "instance_id"),
    Flag("qps", 400.0, "Requests per second to each API group of the API server, and for events.", "qps"),
    Flag("burst", 800, "Requests at once beyond --qps.", "burst"),
    Flag("rollout-threads", 10, "Rollouts worked on at once (tasks of one event loop).", "rollout_threads"),
    Flag("analysis-threads", 30, "AnalysisRuns worked on at once.", "analysis_threads"),
    Flag("experiment-threads", 10, "Experiments worked on at once.", "experiment_threads"),
    Flag("service-threads", 10, "Services worked on at once.", "service_threads"),
    Flag("ingress-threads", 10, "Ingresses worked on at once."),
    Flag("ephemeral-metadata-threads", 10, "Pods of a version whose metadata is changed at once.", "metadata_threads"),
    Flag("ephemeral-metadata-update-pod-retries", 3, "Attempts to change a pod's metadata.", "metadata_attempts"),
    Flag(
        "aws-target-group-binding-api-version",
        "elbv2.k8s.aws/v1beta1",
        "API version of TargetGroupBinding.",
        "target_group_binding_api_version",
    ),
    Flag("alb-tag-key-resource-id", "ingress.k8s.aws/resource", "Tag by which ALB resources are found.", "alb_tag"),
    Flag("istio-api-version", "v1alpha3", "Version of Istio's networking API.", "istio_version"),
    Flag("ambassador-api-version", "getambassador.io/v2", "Version of Ambassador's API.", "ambassador_api_version"),
    Flag("traffic-split-api-version", "v1alpha1", "Version of SMI's TrafficSplit.", "traffic_split_version"),
    Flag("traefik-api-group", "traefik.io", "Group of Traefik's API.", "traefik_group"),
    Flag("traefik-api-version", "traefik.io/v1alpha1", "Version of Traefik's API.", "traefik_api_version"),
    Flag("ingress-api-version", "", "Version of the Ingress API."),
    Flag("appmesh-crd-version", "v1beta2", "Version of App Mesh's API.", "appmesh_version"),
    Flag("alb-ingress-classes", "alb", "Ingress classes of the ALB controller."),
    Flag("nginx-ingress-classes", "nginx", "Ingress classes of ingress-nginx."),
    Flag("aws-verify-target-group", False, "Verify ALB target groups.", "verifies_target_groups"),
    Flag("aws-elb-endpoint", "", "Where Elastic Load Balancing is asked (default: the region's own).", "elb_endpoint"),
    Flag("alb-verify-weight", False, "Old name of --aws-verify-target-group.", "verifies_weights"),
    Flag("leader-elect", True, "Work only while holding the Lease.", "is_elected"),
    Flag("leader-election-namespace", "", "Namespace of the Lease (default: ours).", "lease_namespace"),
    Flag("leader-election-lease-duration", "15s", "How long the Lease holds.", "lease_duration"),
    Flag("leader-election-renew-deadline", "10s", "How long renewing may fail.", "renew_deadline"),
    Flag("leader-election-retry-period", "2s", "Pause between attempts.", "retry_period"),
    Flag("self-service-notification-enabled", False, "Notification settings in users' namespaces."),
    Flag("controllers", "", "Which controllers to run: all, or just analysis.", "controllers"),
    Flag("enable-pprof-address", "", "Address of Go's profiler."),
    Flag("kubeconfig", "", "Path of a kubeconfig (default: $KUBECONFIG, then the pod's own account).", "kubeconfig"),
    Flag("context", "", "Context of the kubeconfig.", "context"),
    Flag("namespace", "", "The namespace of --namespaced.", "namespace", "n"),
    Flag("server", "", "Address of an API server; only the credentials given here go to it.", "server", "s"),
    Flag("master", "", "Old name of --server.", "master"),
    Flag("as", "", "User to impersonate.", "acts_as"),
    Flag("as-group", "", "Group to impersonate.", "acts_as_group"),
    Flag("as-uid", "", "UID to impersonate.", "acts_as_uid"),
    Flag("certificate-authority", "", "Path of a CA certificate.", "authority"),
    Flag("client-certificate", "", "Path of a client certificate.", "certificate"),
    Flag("client-key", "", "Path of a client key.", "key"),
    Flag("cluster", "", "Cluster of the kubeconfig, if not the context's.", "cluster"),
    Flag("disable-compression", False, "Ask for plain answers.", "wants_plain"),
    Flag("insecure-skip-tls-verify", False, "Trust any server certificate.", "trusts_any_server"),
    Flag("password", "", "Password for basic authentication.", "password"),
    Flag("proxy-url", "", "Proxy towards the API server.", "proxy"),
    Flag("request-timeout", "0", "Longest time of a request (0: 30 s; watches excepted).", "request_timeout"),
    Flag("tls-server-name", "", "Name in the server's certificate, if not that of its address.", "server_name"),
    Flag("token", "", "Bearer token.", "token"),
    Flag("user", "", "User of the kubeconfig, if not the context's.", "user"),
    Flag("username", "", "User for basic authentication.", "username"),
    Flag("gitsync", True, "Sync GitRepository and Kustomization objects.", "syncs_git"),
    Flag("data-dir", "", "Where Git mirrors are kept (default: a temporary folder).", "data_dir"),
    Flag("git-allow-clear-credentials", False, "Send Git credentials over http.", "allows_clear_credentials"),
    Flag("route-drain", "10s", "How long old versions keep their pods after routes or Services moved.", "drain"),
    Flag("prometheus", "", "Default address of Prometheus (or $ARGO_ROLLOUTS_PROMETHEUS_ADDRESS).", "prometheus"),
    Flag("metrics-allow", "", "Addresses that metrics may be asked at (default: all but denied ones).", "allowed"),
    Flag("canaries", True, "Run Canaries.", "runs_canaries"),
    Flag("mesh-provider", "istio", "Provider of Canaries that name none.", "mesh_provider"),
    Flag("metrics-server", "", "Prometheus of Canaries that name none (default: --prometheus).", "metrics_server"),
    Flag("selector-labels", "app,name,app.kubernetes.io/name", "Labels that tell pods apart.", "selector_labels"),
    Flag("include-label-prefix", "", "Prefixes of labels that go on copies (*: all).", "label_prefixes"),
    Flag("enable-config-tracking", True, "Copy ConfigMaps and Secrets, and see their changes.", "tracks_configs"),
    Flag("ingress-annotations-prefix", "nginx.ingress.kubernetes.io", "Prefix of annotations.", "ingress_prefix"),
    Flag("ingress-class", "", "Class of generated HTTPProxies.", "ingress_class"),
    Flag("no-cross-namespace-refs", False, "Canaries name nothing of other namespaces.", "stays_home"),
    Flag("cluster-name", "", "Name of the cluster in alerts.", "cluster_name"),
    Flag("event-webhook", "", "Webhook that hears of every event of a Canary ($EVENT_WEBHOOK_URL).", "event_webhook"),
    Flag("slack-url", "", "Slack webhook for alerts of Canaries that name nobody ($SLACK_URL).", "slack_url"),
    Flag("slack-token", "", "Token of Slack's API ($SLACK_TOKEN).", "slack_token"),
    Flag("slack-proxy-url", "", "Proxy towards Slack ($SLACK_PROXY_URL).", "slack_proxy"),
    Flag("slack-user", "flagger", "Name that alerts in Slack come from.", "slack_user"),
    Flag("slack-channel", "", "Channel of alerts in Slack.", "slack_channel"),
    Flag("msteams-url", "", "Teams webhook for the same alerts ($MSTEAMS_URL).", "teams_url"),
    Flag("msteams-proxy-url", "", "Proxy towards Teams ($MSTEAMS_PROXY_URL).", "teams_proxy"),
    Flag("kubeconfig-qps", 100, "Old name: see --qps."),
    Flag("kubeconfig-burst", 250, "Old name: see --burst."),
    Flag("kubeconfig-service-mesh", "", "Kubeconfig of another cluster with the mesh's API."),
    Flag("control-loop-interval", "10s", "Pause between two looks for new Canaries: they are seen at once."),
    Flag("threadiness", 2, "Workers: see --rollout-threads."),
    Flag("enable-leader-election", False, "Old name: see --leader-elect."),
    Flag("log-level", "debug", "Old name: see --loglevel."),
    Flag("zap-encoding", "json", "Old name: see --logformat."),
    Flag("zap-replace-globals", False, "Go's own loggers."),
    Flag("port", "8080", "Old name: see --metricsPort and --healthzPort."),
    Flag("metrics-deny", "", "Addresses that metrics may not be asked at, besides metadata of clouds.", "denied"),
)


_AS_TOLD = (
    "instance_id",
    "qps",
    "burst",
    "metrics_port",
    "healthz_port",
    "is_elected",
    "syncs_git",
    "data_dir",
    "allows_clear_credentials",
    "context",
)
_OVERRIDES = (
    "token",
    "authority",
    "certificate",
    "key",
    "trusts_any_server",
    "proxy",
    "acts_as",
    "acts_as_group",
    "acts_as_uid",
    "username",
    "password",
    "cluster",
    "user",
    "server_name",
)

_ROUTERS_AS_TOLD = (
    "target_group_binding_api_version",
    "alb_tag",
    "elb_endpoint",
    "istio_version",
    "ambassador_api_version",
    "traffic_split_version",
    "traefik_group",
    "traefik_api_version",
    "appmesh_version",
)

_REQUESTS_SHOWN_FROM = 6
_PATIENCE = 30.0


def settings_of(values: Mapping[str, Any], environ: Mapping[str, str], home: str = "") -> Settings:
    """Settings from flags (by name; absent: the default) and the environment; `home` is the pod's namespace."""
    told = {flag.field: values.get(flag.name, flag.default) for flag in FLAGS if flag.field}
    home = environ.get("POD_NAMESPACE") or home
    return Settings(
        **{name: told[name] for name in _AS_TOLD},
        resync=timedelta(seconds=_positive("rollout-resync", told["resync"])),
        namespace=told["namespace"] or home if told["namespaced"] else None,
        log_level=_one_of("loglevel", told["log_level"], tuple(LEVELS)),
        log_format=_one_of("logformat", told["log_format"], FORMATS),
        logs_requests=told["client_log_level"] >= _REQUESTS_SHOWN_FROM,
        request_timeout=_request_timeout(told["request_timeout"]),
        accepts_compression=not told["wants_plain"],
        lease_namespace=told["lease_namespace"] or home or DEFAULT_NAMESPACE,
        term=_term(told),
        is_analysis_only=_one_of("controllers", told["controllers"], ("", "analysis")) == "analysis",
        prometheus=told["prometheus"] or environ.get("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", ""),
        drain=_drain(told["drain"]),
        reach=_reach(told["allowed"], told["denied"]),
        verify_every=_verify_every(environ.get("ROLLOUT_VERIFY_RETRY_INTERVAL", "")),
        kubeconfig=told["kubeconfig"] or environ.get("KUBECONFIG", ""),
        overrides=Overrides(server=told["server"] or told["master"], **{name: told[name] for name in _OVERRIDES}),
        traffic=_routers(told),
        ticking=_ticking(values, told, environ),
        rollout_threads=_positive("rollout-threads", told["rollout_threads"]),
        analysis_threads=_positive("analysis-threads", told["analysis_threads"]),
        experiment_threads=_positive("experiment-threads", told["experiment_threads"]),
        service_threads=_positive("service-threads", told["service_threads"]),
        metadata_threads=_positive("ephemeral-metadata-threads", told["metadata_threads"]),
        metadata_attempts=_positive("ephemeral-metadata-update-pod-retries", told["metadata_attempts"]),
    )


def _routers(told: Mapping[str, Any]) -> Options:
    """What the flags say of traffic routers."""
    return Options(
        **{name: told[name] for name in _ROUTERS_AS_TOLD},
        verifies_target_groups=told["verifies_target_groups"] or told["verifies_weights"],
    )


def _ticking(values: Mapping[str, Any], told: Mapping[str, Any], environ: Mapping[str, str]) -> TickSettings:
    try:
        return tick_settings_of(told, chats_of(values, {flag.name: flag.default for flag in FLAGS}), environ)
    except AnalysisError as error:
        raise SettingsError(str(error)) from error


def without_meaning(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Flags (with another value than their default) that change nothing yet, as users write them."""
    given = (flag for flag in FLAGS if not flag.field and values.get(flag.name, flag.default) != flag.default)
    return tuple(f"--{flag.name}" for flag in given)


def _positive(flag: str, value: int) -> int:
    if value < 1:
        raise SettingsError(f"--{flag}: {value} is too small; give 1 or more")
    return value


def _request_timeout(value: str) -> float:
    """kubectl's form: 0, seconds, or a duration."""
    if value == "0":
        return _PATIENCE
    return float(value) if value.isdigit() else _seconds("request-timeout", value)


def _drain(value: str) -> timedelta:
    """Any duration, none too."""
    duration = go_duration(value)
    if duration is None or duration < timedelta():
        raise SettingsError(f"--route-drain: {value!r} is no duration; write it as 10s, or 0s for no wait")
    return duration


def _verify_every(value: str) -> timedelta:
    """Argo's form is whole seconds; a duration will do."""
    if not value:
        return timedelta(seconds=10)
    duration = timedelta(seconds=int(value)) if value.isdigit() else go_duration(value)
    if duration is None or duration < timedelta(seconds=1):
        raise SettingsError(f"ROLLOUT_VERIFY_RETRY_INTERVAL: {value!r} is no interval; write seconds, as 10, or 1m30s")
    return duration


def _reach(allowed: str, denied: str) -> Reach:
    try:
        return Reach(places_in(allowed, "--metrics-allow"), places_in(denied, "--metrics-deny"))
    except AnalysisError as error:
        raise SettingsError(str(error)) from error


def _one_of(flag: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise SettingsError(f"--{flag}: {value!r} is unknown; use one of {', '.join(filter(None, known))}")
    return value


def _term(told: Mapping[str, Any]) -> Term:
    duration = _seconds("leader-election-lease-duration", told["lease_duration"])
    renew = _seconds("leader-election-renew-deadline", told["renew_deadline"])
    retry = _seconds("leader-election-retry-period", told["retry_period"])
    # else a leader that cannot renew would still work while another one already has the Lease
    if duration < 1 or duration < renew + retry:
        raise SettingsError(
            f"--leader-election-lease-duration: {duration:g} s is too short; give at least one second, and more than "
            f"--leader-election-renew-deadline ({renew:g} s) and --leader-election-retry-period ({retry:g} s) together"
        )
    return Term(duration, renew, retry)


def _seconds(flag: str, value: str) -> float:
    duration = go_duration(value)
    if duration is None or duration <= timedelta():
        raise SettingsError(f"--{flag}: {value!r} is no duration; write it as 15s or 1m30s")
    return duration.total_seconds()
