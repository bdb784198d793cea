"""Flags into settings: Argo's are all taken, and a bad value names its flag."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from analysis.reach import Reach, places_in
from rollouts.cli.controller import controller
from rollouts.cluster.leadership import Term
from rollouts.cluster.login import Overrides
from rollouts.controller.settings import FLAGS, Settings, SettingsError, settings_of, without_meaning
from rollouts.controller.ticking.settings import Listeners, TickSettings
from rollouts.dialects.registry import Flags
from rollouts.model.alerts import Receiver
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.protocol import Options

TEAMS = Receiver("the operator's chat", "msteams", address="http://teams")

ARGOS_FLAGS = set(
    """
    rollout-resync namespaced loglevel logformat kloglevel metricsPort healthzPort instance-id qps burst rollout-threads
    experiment-threads analysis-threads service-threads ingress-threads ephemeral-metadata-threads
    ephemeral-metadata-update-pod-retries aws-target-group-binding-api-version alb-tag-key-resource-id istio-api-version
    ambassador-api-version traffic-split-api-version traefik-api-group traefik-api-version ingress-api-version
    appmesh-crd-version alb-ingress-classes nginx-ingress-classes aws-verify-target-group alb-verify-weight leader-elect
    leader-election-lease-duration leader-election-renew-deadline leader-election-retry-period
    self-service-notification-enabled controllers enable-pprof-address kubeconfig context namespace server
    """.split()  # noqa: SIM905  # a page of names reads better than a page of quotes
)


def settings_from(environ: dict[str, str] | None = None, **values: Any) -> Settings:
    """Settings from flags (with _ for -)."""
    return settings_of({name.replace("_", "-"): value for name, value in values.items()}, environ or {})


def parsed(*args: str) -> dict[str, Any]:
    """What the command line gives, by parameter."""
    with controller.make_context("controller", list(args)) as context:
        return dict(context.params)


def test_every_flag_of_argos_controller_is_known() -> None:
    """Hand-made Deployments start unchanged."""
    assert {flag.name for flag in FLAGS} >= ARGOS_FLAGS


def test_no_flag_stands_twice() -> None:
    """The table is the truth."""
    assert len({flag.name for flag in FLAGS}) == len(FLAGS)


def test_without_flags_the_defaults_are_argos() -> None:
    """Settings and the table agree."""
    assert settings_from() == Settings()


def test_flags_and_environment_become_settings() -> None:
    """Flags win over the environment."""
    environ = {"ARGO_ROLLOUTS_PROMETHEUS_ADDRESS": "http://env", "KUBECONFIG": "env", "POD_NAMESPACE": "ours"}
    settings = settings_from(environ, rollout_resync=60, kubeconfig="flag", instance_id="blue", controllers="analysis")

    assert (settings.resync, settings.kubeconfig, settings.prometheus) == (timedelta(minutes=1), "flag", "http://env")
    assert (settings.lease_namespace, settings.lease_name) == ("ours", "argo-rollouts-controller-lock-blue")
    assert settings.is_analysis_only


@pytest.mark.parametrize(
    ("flag", "value", "field", "meaning"),
    [
        ("loglevel", "debug", "log_level", "debug"),
        ("logformat", "logfmt", "log_format", "logfmt"),
        ("kloglevel", 6, "logs_requests", True),
        ("metricsPort", 1, "metrics_port", 1),
        ("healthzPort", 2, "healthz_port", 2),
        ("qps", 5.0, "qps", 5.0),
        ("burst", 7, "burst", 7),
        ("rollout-threads", 3, "rollout_threads", 3),
        ("analysis-threads", 4, "analysis_threads", 4),
        ("experiment-threads", 6, "experiment_threads", 6),
        ("service-threads", 5, "service_threads", 5),
        ("ephemeral-metadata-threads", 6, "metadata_threads", 6),
        ("ephemeral-metadata-update-pod-retries", 7, "metadata_attempts", 7),
        ("leader-elect", False, "is_elected", False),
        ("leader-election-namespace", "leases", "lease_namespace", "leases"),
        ("leader-election-lease-duration", "20s", "term", Term(duration=20)),
        ("leader-election-renew-deadline", "9s", "term", Term(renew=9)),
        ("leader-election-retry-period", "1s", "term", Term(retry=1)),
        ("request-timeout", "5", "request_timeout", 5.0),
        ("request-timeout", "1m", "request_timeout", 60.0),
        ("disable-compression", True, "accepts_compression", False),
        ("context", "prod", "context", "prod"),
        ("kubeconfig", "file", "kubeconfig", "file"),
        ("gitsync", False, "syncs_git", False),
        ("data-dir", "/data", "data_dir", "/data"),
        ("git-allow-clear-credentials", True, "allows_clear_credentials", True),
        ("prometheus", "http://here", "prometheus", "http://here"),
        ("route-drain", "0s", "drain", timedelta()),
        ("metrics-allow", "10.0.0.0/8", "reach", Reach(allow=places_in("10.0.0.0/8", ""))),
        ("metrics-deny", ".internal", "reach", Reach(deny=places_in(".internal", ""))),
        ("user", "ops", "overrides", Overrides(user="ops")),
        ("cluster", "far", "overrides", Overrides(cluster="far")),
        ("tls-server-name", "kubernetes", "overrides", Overrides(server_name="kubernetes")),
        ("username", "ops", "overrides", Overrides(username="ops")),
        ("password", "secret", "overrides", Overrides(password="secret")),
        ("as-group", "admins", "overrides", Overrides(acts_as_group="admins")),
        ("proxy-url", "http://proxy", "overrides", Overrides(proxy="http://proxy")),
        ("istio-api-version", "v1", "traffic", Options(istio_version="v1")),
        ("ambassador-api-version", "a/v3", "traffic", Options(ambassador_api_version="a/v3")),
        ("traffic-split-api-version", "v1alpha3", "traffic", Options(traffic_split_version="v1alpha3")),
        ("traefik-api-group", "traefik.containo.us", "traffic", Options(traefik_group="traefik.containo.us")),
        ("traefik-api-version", "t/v1", "traffic", Options(traefik_api_version="t/v1")),
        ("appmesh-crd-version", "v1", "traffic", Options(appmesh_version="v1")),
        ("alb-tag-key-resource-id", "tag", "traffic", Options(alb_tag="tag")),
        ("aws-target-group-binding-api-version", "e/v1", "traffic", Options(target_group_binding_api_version="e/v1")),
        ("aws-verify-target-group", True, "traffic", Options(verifies_target_groups=True)),
        ("aws-elb-endpoint", "https://elb.example", "traffic", Options(elb_endpoint="https://elb.example")),
        ("alb-verify-weight", True, "traffic", Options(verifies_target_groups=True)),
        ("canaries", False, "ticking", TickSettings(is_wanted=False)),
        ("mesh-provider", "nginx", "ticking", TickSettings(provider="nginx")),
        ("metrics-server", "http://here", "ticking", TickSettings(metrics_server="http://here")),
        ("selector-labels", "a, b", "ticking", TickSettings(flags=Flags(selector_labels=("a", "b")))),
        ("include-label-prefix", "team/", "ticking", TickSettings(flags=Flags(label_prefixes=("team/",)))),
        ("enable-config-tracking", False, "ticking", TickSettings(flags=Flags(tracks_configs=False))),
        ("ingress-annotations-prefix", "n.io", "ticking", TickSettings(routes=OwnedOptions(annotations_prefix="n.io"))),
        ("ingress-class", "c", "ticking", TickSettings(routes=OwnedOptions(ingress_class="c"))),
        ("no-cross-namespace-refs", True, "ticking", TickSettings(stays_home=True)),
        ("cluster-name", "east", "ticking", TickSettings(listeners=Listeners(cluster="east"))),
        ("event-webhook", "http://ear", "ticking", TickSettings(listeners=Listeners(event_webhook="http://ear"))),
        ("msteams-url", "http://teams", "ticking", TickSettings(listeners=Listeners(chat=TEAMS))),
    ],
)
def test_a_flag_changes_what_it_names(flag: str, value: Any, field: str, meaning: Any) -> None:
    """One flag, one setting; what the settings do is tested where they are obeyed."""
    changed = settings_of({flag: value}, {})

    assert getattr(changed, field) == meaning
    assert changed == replace(Settings(), **{field: meaning})


def test_every_flag_with_a_meaning_has_a_test() -> None:
    """Those of the table above, and those of the stories around it."""
    told = {"rollout-resync", "namespaced", "namespace", "instance-id", "controllers", "server", "master", "token"}
    told |= {"as", "as-uid", "certificate-authority", "client-certificate", "client-key", "insecure-skip-tls-verify"}
    told |= {"slack-url", "slack-token", "slack-proxy-url", "slack-user", "slack-channel", "msteams-proxy-url"}
    marks = test_a_flag_changes_what_it_names.pytestmark
    told |= {row[0] for row in marks[0].args[1]}

    assert {flag.name for flag in FLAGS if flag.field} == told


def test_the_operators_chat_is_slack_or_teams() -> None:
    """By flags, or by variables, which win; half a chat is refused by name."""
    environ = {"SLACK_URL": "http://slack", "SLACK_TOKEN": "t", "SLACK_PROXY_URL": "http://proxy"}
    chat = settings_from(environ, slack_user="bot", slack_channel="ops", slack_url="http://flag").ticking.listeners.chat
    assert chat is not None
    assert (chat.address, chat.token, chat.proxy) == ("http://slack", "t", "http://proxy")
    assert (chat.username, chat.channel) == ("bot", "ops")

    teams = settings_from({"MSTEAMS_PROXY_URL": "http://proxy"}, msteams_url="http://teams").ticking.listeners.chat
    assert teams == replace(TEAMS, proxy="http://proxy")
    with pytest.raises(SettingsError, match="--slack-channel is empty"):
        settings_from(slack_url="http://slack")


@pytest.mark.parametrize(("told", "seconds"), [("", 10), ("3", 3), ("1m30s", 90)])
def test_the_pause_between_two_looks_at_a_weight_is_a_variable(told: str, seconds: int) -> None:
    """Argo reads it and never applies it; here it holds."""
    assert settings_of({}, {"ROLLOUT_VERIFY_RETRY_INTERVAL": told}).verify_every == timedelta(seconds=seconds)


def test_a_pause_that_is_none_names_its_variable() -> None:
    """Nothing is guessed."""
    with pytest.raises(SettingsError, match="ROLLOUT_VERIFY_RETRY_INTERVAL: 'soon' is no interval"):
        settings_of({}, {"ROLLOUT_VERIFY_RETRY_INTERVAL": "soon"})


def test_a_namespaced_controller_watches_its_own_namespace() -> None:
    """POD_NAMESPACE, unless --namespace says otherwise; all of them without --namespaced."""
    environ = {"POD_NAMESPACE": "ours"}

    assert settings_from(environ, namespaced=True).namespace == "ours"
    assert settings_from(environ, namespaced=True, namespace="other").namespace == "other"
    assert settings_from(environ, namespace="other").namespace is None
    assert settings_of({"namespaced": True}, {}, "the-pods").namespace == "the-pods"
    assert settings_from(namespaced=True).namespace == ""  # the login knows


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"loglevel": "loud"}, "--loglevel: 'loud' is unknown; use one of debug"),
        ({"logformat": "xml"}, "--logformat"),
        ({"controllers": "none"}, "--controllers"),
        ({"leader-election-renew-deadline": "ten"}, "--leader-election-renew-deadline: 'ten' is no duration"),
        ({"rollout-threads": 0}, "--rollout-threads: 0 is too small"),
        ({"rollout-resync": 0}, "--rollout-resync: 0 is too small"),
        ({"request-timeout": "long"}, "--request-timeout: 'long' is no duration"),
        ({"leader-election-lease-duration": "11s"}, "--leader-election-lease-duration: 11 s is too short"),
        (
            {
                "leader-election-lease-duration": "900ms",
                "leader-election-renew-deadline": "300ms",
                "leader-election-retry-period": "100ms",
            },
            "--leader-election-lease-duration: 0.9 s is too short",
        ),
    ],
)
def test_a_bad_value_names_the_flag_and_the_cure(values: dict[str, Any], named: str) -> None:
    """One clear line, before anything is started."""
    with pytest.raises(SettingsError, match=re.escape(named)):
        settings_of(values, {})


def test_flags_without_a_meaning_are_named_only_when_they_are_given() -> None:
    """So that their users know."""
    values = {flag.name: flag.default for flag in FLAGS} | {"ingress-threads": 5, "rollout-threads": 5}

    assert without_meaning(values) == ("--ingress-threads",)


def test_the_list_of_flags_without_an_effect_is_told() -> None:
    """docs/compatibility.md names just those that the table gives no meaning."""
    page = (Path(__file__).parents[3] / "docs" / "compatibility.md").read_text()
    section = page[page.index("## The controller") : page.index("## Better, on purpose")]
    rows = [line for line in section.splitlines() if line.startswith("| `--") and "| no effect" in line]

    named = {flag for row in rows for flag in re.findall(r"`--([\w-]+)`", row)}
    assert named == {flag.name for flag in FLAGS if not flag.field}


def test_booleans_are_written_as_cobra_has_them() -> None:
    """Alone, or with =true and =false."""
    assert parsed("--leader-elect=false")["leader_elect"] is False
    assert parsed("--namespaced", "--qps=3.5")["namespaced"] is True
    assert parsed("--gitsync=true")["gitsync"] is True


def test_a_wrong_flag_is_refused_before_anything_starts() -> None:
    """The command line names it."""
    result = CliRunner().invoke(controller, ["--loglevel", "loud"])

    assert result.exit_code == 1
    assert "Error: --loglevel" in result.output


def test_flags_of_kubectl_override_the_kubeconfig() -> None:
    """Server (by either name), token, certificates and impersonation reach the login."""
    values = {"master": "https://far.example", "token": "mine", "as": "jane", "insecure-skip-tls-verify": True}

    overrides = settings_of(values, {}).overrides

    wanted = Overrides(server="https://far.example", token="mine", acts_as="jane", trusts_any_server=True)
    assert overrides == wanted
    assert settings_of({}, {}).overrides == Overrides()


def test_the_version_is_told() -> None:
    """`--version` prints it and starts nothing."""
    result = CliRunner().invoke(controller, ["--version"])

    assert result.exit_code == 0
    assert result.output.startswith("sluice: ")


def test_each_flag_has_a_help_text() -> None:
    """`sluice controller --help` says what each is for."""
    text = controller.get_help(click.Context(controller))

    assert all(f"--{flag.name}" in text for flag in FLAGS)


def test_addresses_of_metrics_must_be_addresses() -> None:
    """The flag is named, with the entry and how to write it."""
    with pytest.raises(SettingsError, match="--metrics-deny: 'http://x' is no address: write addresses, networks as"):
        settings_of({"metrics-deny": "10.0.0.1, http://x"}, {})
