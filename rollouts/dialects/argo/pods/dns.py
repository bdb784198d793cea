"""How a pod finds names. Called by spec."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.wording import each, invalid, required, unsupported
from rollouts.model.faults import Fault

_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MOST_SERVERS, _MOST_SEARCHES, _MOST_CHARACTERS = 3, 32, 2048


def policy_faults(pod: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Whose name servers it asks."""
    policy = pod.get("dnsPolicy") or "ClusterFirst"
    if policy not in _POLICIES:
        yield unsupported(f"{path}.dnsPolicy", policy, _POLICIES)


def config_faults(pod: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Name servers and searches of its own, which it needs where it asks nobody else's."""
    config, here = pod.get("dnsConfig"), f"{path}.dnsConfig"
    servers = (config or {}).get("nameservers") or []
    if pod.get("dnsPolicy") == "None" and not servers:
        if config is None:
            yield required(here, "must provide `dnsConfig` when `dnsPolicy` is None")
        else:
            text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{here}.nameservers", text)
        return
    if config is None:
        return
    if len(servers) > _MOST_SERVERS:
        yield invalid(f"{here}.nameservers", servers, f"must not have more than {_MOST_SERVERS} nameservers")
    for index, server in enumerate(servers):
        yield from address_faults(server, f"{here}.nameservers[{index}]")
    yield from _searches(config.get("searches") or [], f"{here}.searches")
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            yield required(f"{here}.options[{index}]", "must not be empty")


def _searches(searches: list[str], path: str) -> Iterator[Fault]:
    if len(searches) > _MOST_SEARCHES:
        yield invalid(path, searches, f"must not have more than {_MOST_SEARCHES} search paths")
    if len(" ".join(searches)) > _MOST_CHARACTERS:
        text = f"must not have more than {_MOST_CHARACTERS} characters (including spaces) in the search list"
        yield invalid(path, searches, text)
    for index, search in enumerate(searches):
        domain = search.removesuffix(".")
        yield from each(f"{path}[{index}]", domain, names.subdomain(domain))


def address_faults(text: str, path: str) -> Iterator[Fault]:
    """An IP address; Kubernetes takes zeros in front of a number."""
    plain = re.sub(r"(?<![0-9a-fA-F:])0+(?=\d)", "", text)
    try:
        ipaddress.ip_address(plain.replace("%", "/"))
    except ValueError:
        yield invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
