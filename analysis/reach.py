"""Which addresses metrics may be asked at. Pure; called by the HTTP client for every address that it connects to.

Templates are written by users, requests are sent by the controller: without a limit, a template could read what only
the controller's machine may, such as the credentials that clouds hand out at their metadata addresses. These, and all
that is link-local, are denied unless the operator allows them by address. What is judged is the address that is
connected to, so a name that leads elsewhere the second time gains nothing. Behind a proxy only names are seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from analysis.errors import SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

ALWAYS_DENIED = (
    "169.254.0.0/16",  # link-local: metadata of AWS, Google, Azure, Oracle, ...
    "fe80::/10",  # link-local
    "fd00:ec2::/32",  # AWS
    "fd20:ce::/32",  # Google
    "100.100.100.200",  # Alibaba
    "168.63.129.16",  # Azure's wire server
    "192.0.0.192",  # Oracle, of old
    "metadata.google.internal",
    "metadata",
    "instance-data",
    "instance-data.ec2.internal",
)
"""What no metric is asked at unless --metrics-allow names it by its address."""
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses and names as an operator lists them: networks, hosts, `.suffix` for a domain, `*` for all names."""

    networks: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()

    def holds(self, address: Address) -> bool:
        """Whether an address is in one of the networks."""
        return any(address.version == network.version and address in network for network in self.networks)

    def names(self, host: str) -> bool:
        """Whether a host is one of the names, or below one."""
        host = host.lower().rstrip(".")
        return any(_is_named(host, name) for name in self.hosts)


def _is_named(host: str, name: str) -> bool:
    return name in ("*", host) or (name.startswith(".") and host.endswith(name))


def places_in(text: str, flag: str) -> Places:
    """A list with commas as Places. SettingsError names the flag and the entry that is none."""
    return _places((entry.strip() for entry in text.split(",")), flag)


def _places(entries: Iterable[str], flag: str) -> Places:
    networks: list[Network] = []
    hosts: list[str] = []
    for entry in filter(None, entries):
        network = _network(entry, flag)
        if network is not None:
            networks.append(network)
        else:
            hosts.append(entry.lower().removeprefix("*" if entry.startswith("*.") else "").rstrip("."))
    return Places(tuple(networks), tuple(hosts))


def _network(entry: str, flag: str) -> Network | None:
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        if set(entry) & set("/: "):
            cure = "write addresses, networks as 10.0.0.0/8, and names without scheme or port, with commas between them"
            raise SettingsError(f"{flag}: {entry!r} is no address: {cure}") from None
        return None


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be asked. `allow` empty: all but what is denied; what it names by its address is never denied."""

    allow: Places = Places()
    deny: Places = Places()
    _usual: Places = field(default_factory=lambda: _places(ALWAYS_DENIED, ""))

    def refusal(self, host: str, address: Address | None) -> str:
        """Why a host at this address may not be asked; empty when it may. No address: only the name is known."""
        found = None if address is None else _embedded(address)
        if found is not None and self.allow.holds(found):
            return ""
        told = host if found is None or host == str(found) else f"{host} ({found})"
        for places in (self.deny, self._usual):
            if places.names(host) or (found is not None and places.holds(found)):
                return f"{told} is denied to metrics: the operator's --metrics-allow would have to name its address"
        if (self.allow.networks or self.allow.hosts) and not self.allow.names(host):
            return f"{told} is not among the addresses that the operator's --metrics-allow names"
        return ""


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or _without_zone(address)


def _without_zone(address: IPv6Address) -> Address:
    return IPv6Address(int(address)) if address.scope_id else address


def address_of(host: str) -> Address | None:
    """A host that is an address as one; None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None
