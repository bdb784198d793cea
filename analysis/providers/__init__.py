"""Metric services, one module each, and the table of them. Siblings never import each other.

Called by the runner. An unknown name is an error that lists the known ones.
"""

from collections.abc import Mapping

from analysis.errors import SettingsError
from analysis.providers import (
    cloudwatch,
    datadog,
    dynatrace,
    externalmetrics,
    graphite,
    influxdb,
    job,
    kayenta,
    keptn,
    newrelic,
    plugin,
    prometheus,
    skywalking,
    splunk,
    stackdriver,
    wavefront,
    web,
)
from analysis.requests import Provider

PROVIDERS: Mapping[str, Provider] = {
    "cloudWatch": cloudwatch.PROVIDER,
    "datadog": datadog.PROVIDER,
    "dynatrace": dynatrace.PROVIDER,
    "externalmetrics": externalmetrics.PROVIDER,
    "graphite": graphite.PROVIDER,
    "influxdb": influxdb.PROVIDER,
    "job": job.PROVIDER,
    "kayenta": kayenta.PROVIDER,
    "keptn": keptn.PROVIDER,
    "newRelic": newrelic.PROVIDER,
    "plugin": plugin.PROVIDER,
    "prometheus": prometheus.PROVIDER,
    "skywalking": skywalking.PROVIDER,
    "splunk": splunk.PROVIDER,
    "stackdriver": stackdriver.PROVIDER,
    "wavefront": wavefront.PROVIDER,
    "web": web.PROVIDER,
}

VARIABLES = (
    "ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG",
    "ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_REGION",
    "DD_ADDRESS",
    "DD_API_KEY",
    "DD_APP_KEY",
)
"""Variables of the controller's environment that providers look at."""


def provider_of(name: str) -> Provider:
    """The provider of this name; SettingsError for one that is not in the table."""
    provider = PROVIDERS.get(name)
    if provider is None:
        raise SettingsError(f"unknown metric provider {name!r}: this version knows {', '.join(sorted(PROVIDERS))}")
    return provider
