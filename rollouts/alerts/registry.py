"""The chat services by name, and the flow that tells one of a notice. Called by the shell beside its rounds.

The shell drives the flow through the ports of analysis, as it does those of metrics: the same client, the same limits
to what may be asked. Every mistake and every refusal is an AnalysisError whose words hold neither address nor token.
"""

from collections.abc import Generator, Mapping
from typing import Any

from analysis.errors import ProviderError, SettingsError
from analysis.requests import Answer, Request, Secret
from rollouts.alerts import discord, gchat, msteams, rocket, slack
from rollouts.alerts.protocol import Account, Notice, Service
from rollouts.model.alerts import Receiver

Delivery = Generator[Request, Any, None]

SERVICES: Mapping[str, Service] = {
    "discord": discord.SERVICE,
    "gchat": gchat.SERVICE,
    "msteams": msteams.SERVICE,
    "rocket": rocket.SERVICE,
    "slack": slack.SERVICE,
}
_HIDDEN = ("address", "token")


def deliver(notice: Notice, receiver: Receiver) -> Delivery:
    """Tell a receiver. SettingsError where it cannot be told, ProviderError where the chat refused."""
    if receiver.fault:
        raise SettingsError(receiver.fault)
    service = SERVICES.get(receiver.service)
    if service is None:
        known = ", ".join(SERVICES)
        raise SettingsError(f"{receiver.name}: type {receiver.service!r} is not known: use one of {known}")
    account = yield from _account(receiver)
    if service.has_channels and not (account.channel and account.username):
        raise SettingsError(f"{receiver.name} has no channel or no username: {receiver.service} needs both")
    try:
        request = service.render(notice, account)
    except SettingsError as error:
        raise SettingsError(f"{receiver.name} {error}") from None
    _refuse(receiver, service, (yield request))


def _account(receiver: Receiver) -> Generator[Request, Any, Account]:
    """The account, its address from the Secret where there is one."""
    address, token = receiver.address, receiver.token
    if receiver.secret:
        found = yield Secret(receiver.secret, receiver.namespace, _HIDDEN)
        if found is None or not found.get("address"):
            lack = "does not exist" if found is None else "has no key address"
            raise SettingsError(f"{receiver.name}: Secret {receiver.namespace}/{receiver.secret} {lack}")
        address, token = found["address"].strip(), found.get("token", "").strip()
    return Account(address, receiver.channel, receiver.username, receiver.title, receiver.icon, token, receiver.proxy)


def _refuse(receiver: Receiver, service: Service, answer: Answer) -> None:
    if not answer.is_good:
        raise ProviderError(f"{receiver.name}: {receiver.service} answered {answer.status}: {answer.text[:200]}")
    if service.refuses(answer):
        raise ProviderError(f"{receiver.name}: {receiver.service} refused: {answer.text[:200]}")
