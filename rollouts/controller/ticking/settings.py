"""What the flags say of rollouts that tick. Called by controller/settings; obeyed by wiring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rollouts.alerts.operators import FLAGS as CHAT_FLAGS
from rollouts.alerts.operators import operators_receiver
from rollouts.dialects.registry import Flags
from rollouts.model.alerts import Receiver
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.owned.registry import owned


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator's flags say of rollouts that tick. `stays_home`: nothing of other namespaces is named."""

    provider: str
    flags: Flags
    routers: Mapping[str, Owned]
    stays_home: bool = False


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom the operator names: a webhook that hears of events, a chat, and the cluster's name in alerts."""

    event_webhook: str = ""
    chat: Receiver | None = None
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class TickSettings:
    """What the flags mean. `provider` and `metrics_server` ("": the usual one) hold for those that name none.

    `stays_home`: what a manifest names has to be in its own namespace.
    """

    is_wanted: bool = True
    provider: str = "istio"
    metrics_server: str = ""
    flags: Flags = field(default_factory=Flags)
    routes: OwnedOptions = field(default_factory=OwnedOptions)
    listeners: Listeners = field(default_factory=Listeners)
    stays_home: bool = False

    @property
    def wishes(self) -> Wishes:
        """What an observer has to know of it."""
        return Wishes(self.provider, self.flags, owned(self.routes), stays_home=self.stays_home)


def tick_settings_of(told: Mapping[str, Any], chats: Mapping[str, str], environ: Mapping[str, str]) -> TickSettings:
    """Settings from flags by field, those of chats by name. SettingsError (of analysis) for half a chat."""
    return TickSettings(
        is_wanted=told["runs_canaries"],
        provider=told["mesh_provider"],
        metrics_server=told["metrics_server"],
        flags=Flags(
            selector_labels=_listed(told["selector_labels"]),
            label_prefixes=_listed(told["label_prefixes"]),
            tracks_configs=told["tracks_configs"],
        ),
        routes=OwnedOptions(told["ingress_class"], told["ingress_prefix"]),
        listeners=Listeners(
            event_webhook=environ.get("EVENT_WEBHOOK_URL") or told["event_webhook"],
            chat=operators_receiver(chats, environ),
            cluster=told["cluster_name"],
        ),
        stays_home=told["stays_home"],
    )


def chats_of(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """The flags that name the operator's chat, by name."""
    return {name: str(values.get(name, defaults[name])) for name in CHAT_FLAGS}


def _listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
