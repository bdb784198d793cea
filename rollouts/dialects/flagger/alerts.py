"""Whom a Canary tells of alerts: spec.analysis.alerts and the AlertProviders that it names, as common values.

Called by the shell when there is an alert to send. A provider that is missing is a Receiver with a fault: the others
hear of the alert all the same, and no tick waits.
"""

from collections.abc import Mapping
from typing import Any

from rollouts.dialects.flagger.canary import is_strict
from rollouts.model.alerts import Receiver, Severity
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text

DEFAULT_CHANNEL, DEFAULT_USERNAME = "general", "flagger"
TITLE, ICON = "Flagger", "https://flagger.app/favicon.png"  # users find messages by them

AlertProviders = Mapping[str, Json]
"""AlertProviders by `namespace/name`."""


def sources_of(manifest: Json) -> tuple[str, ...]:
    """The AlertProviders that a Canary names, as `namespace/name`, in order."""
    return tuple(_source(alert, _namespace(manifest)) for alert in _alerts(manifest))


def receivers_of(manifest: Json, providers: AlertProviders) -> tuple[Receiver, ...] | None:
    """Everybody whom the Canary names; None where it names nobody, and the operator's own receiver is told."""
    alerts, namespace = _alerts(manifest), _namespace(manifest)
    receivers = [
        _receiver(alert, source, providers.get(source), is_letter=is_strict(manifest))
        for alert in alerts
        for source in (_source(alert, namespace),)
    ]
    return tuple(receivers) or None


def _receiver(alert: Mapping[str, Any], source: str, provider: Json | None, *, is_letter: bool) -> Receiver:
    if provider is None:
        return Receiver(
            source, least=_least(alert, is_letter=is_letter), fault=f"AlertProvider {source} does not exist"
        )
    spec = mapping(provider.get("spec"))
    return Receiver(
        name=source,
        service=text(spec.get("type")),
        address=text(spec.get("address")),
        channel=text(spec.get("channel")) or DEFAULT_CHANNEL,
        username=text(spec.get("username")) or DEFAULT_USERNAME,
        title=TITLE,
        icon=ICON,
        proxy=text(spec.get("proxy")),
        namespace=source.partition("/")[0],
        secret=text(mapping(spec.get("secretRef")).get("name")),
        least=_least(alert, is_letter=is_letter),
    )


def _least(alert: Mapping[str, Any], *, is_letter: bool) -> Severity | None:
    """Unset, everything is told, as documented; to the letter, nothing is."""
    written = text(alert.get("severity")) or ("" if is_letter else Severity.INFO.value)
    return next((severity for severity in Severity if severity.value == written), None)


def _alerts(manifest: Json) -> list[Mapping[str, Any]]:
    analysis = mapping(mapping(manifest.get("spec")).get("analysis"))
    return [mapping(alert) for alert in items(analysis.get("alerts"))]


def _source(alert: Mapping[str, Any], namespace: str) -> str:
    """The provider of an alert as `namespace/name`; it may live elsewhere."""
    reference = mapping(alert.get("providerRef"))
    return f"{text(reference.get('namespace')) or namespace}/{text(reference.get('name'))}"


def _namespace(manifest: Json) -> str:
    return text(mapping(manifest.get("metadata")).get("namespace"))
