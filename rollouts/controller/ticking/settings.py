"""What the flags say of rollouts that tick. Called by controller/settings; obeyed by wiring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rollouts.alerts.operators import FLAGS as CHAT_FLAGS
from rollouts.alerts.operators import operators_receiver
from rollouts.controller.ticking.observe import Wishes
from rollouts.controller.ticking.tidings import Listeners
from rollouts.dialects.registry import Flags
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned


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
