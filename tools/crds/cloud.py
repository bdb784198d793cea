"""Metric providers of services that are rented rather than run. One row a provider."""

from tools.crds.schema import Schema, array, boolean, int_or_string, integer, obj, string, string_map


def datadog() -> Schema:
    """Datadog's metrics API, version 1 or 2."""
    secret = {"name": string("Name of the Secret."), "namespaced": boolean("It is in the run's namespace.")}
    fields = {
        "apiVersion": string("v1 or v2 (v1 if absent)."),
        "query": string("A single query."),
        "queries": string_map("Queries by name, for formula."),
        "formula": string("Formula over the named queries (v2)."),
        "interval": string("Window of the query (5m if absent)."),
        "aggregator": string("How a window becomes one number (v2)."),
        "requestTimeout": string("Time that a request may take (10s if absent)."),
        "secretRef": obj("Secret with the keys.", secret),
    }
    return obj("Measures by Datadog.", fields)


def cloud_watch() -> Schema:
    """Amazon CloudWatch's GetMetricData."""
    dimension = obj("One dimension.", {"name": string("Its name."), "value": string("Its value.")})
    metric = {
        "namespace": string("Namespace of the metric."),
        "metricName": string("Name of the metric."),
        "dimensions": array("Dimensions of the metric.", dimension),
    }
    stat = {
        "metric": obj("The metric.", metric),
        "period": int_or_string("Granularity in seconds."),
        "stat": string("Statistic, such as Sum."),
        "unit": string("Unit of the values."),
    }
    query = {
        "id": string("Id for expressions."),
        "expression": string("Metrics expression."),
        "label": string("Label of the result."),
        "metricStat": obj("A metric and its statistic.", stat),
        "period": int_or_string("Granularity in seconds."),
        "returnData": boolean("Its data is part of the result."),
    }
    fields = {
        "interval": string("Window of the query (5m if absent)."),
        "metricDataQueries": array("Queries of one request.", obj("One query.", query)),
    }
    return obj("Measures by Amazon CloudWatch.", fields)


def kayenta() -> Schema:
    """Kayenta, Spinnaker's judge of canaries."""
    span = {
        "scope": string("Scope of the metrics."),
        "region": string("Region."),
        "step": integer("Seconds between data points.", 64),
        "start": string("First moment."),
        "end": string("Last moment."),
    }
    scope = {
        "name": string("Name of the scope."),
        "controlScope": obj("The version compared with.", span),
        "experimentScope": obj("The version judged.", span),
    }
    threshold = {
        "pass": integer("Score from which it is successful.", 64),
        "marginal": integer("Score from which it is inconclusive.", 64),
    }
    fields = {
        "address": string("URL of Kayenta."),
        "application": string("Name of the application."),
        "canaryConfigName": string("Name of the configuration."),
        "configurationAccountName": string("Account of configurations."),
        "metricsAccountName": string("Account of metrics."),
        "storageAccountName": string("Account of storage."),
        "lookback": boolean("Judge from the first start to now."),
        "scopes": array("Scopes compared.", obj("One scope.", scope)),
        "threshold": obj("Scores that decide.", threshold),
    }
    return obj("Measures by Kayenta.", fields)


def by_query(who: str, *fields: str) -> Schema:
    """A provider that takes a query and little more."""
    words = {
        "address": "URL of the server.",
        "profile": "Name of the Secret with the account.",
        "interval": "Window of the query.",
        "query": "The query.",
    }
    return obj(f"Measures by {who}.", {name: string(words[name]) for name in fields})


def new_relic() -> Schema:
    """New Relic's NRQL."""
    schema = by_query("New Relic", "profile", "query")
    schema["properties"]["timeout"] = integer("Seconds that a query may take.", 64)
    return schema


PROVIDERS: dict[str, Schema] = {
    "cloudWatch": cloud_watch(),
    "datadog": datadog(),
    "graphite": by_query("Graphite", "address", "query"),
    "influxdb": by_query("InfluxDB", "profile", "query"),
    "kayenta": kayenta(),
    "newRelic": new_relic(),
    "skywalking": by_query("SkyWalking", "address", "query", "interval"),
    "wavefront": by_query("Wavefront", "address", "query"),
}
