"""Which addresses metrics may be asked at: what is denied by itself, and what an operator makes of it."""

from ipaddress import ip_address

import pytest

from analysis.errors import SettingsError
from analysis.reach import Reach, places_in


def refused(host: str, address: str | None = None, *, allow: str = "", deny: str = "") -> str:
    reach = Reach(places_in(allow, "--metrics-allow"), places_in(deny, "--metrics-deny"))
    return reach.refusal(host, None if address is None else ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ],
)
def test_metadata_of_clouds_is_denied(address: str) -> None:
    """Also where another form of address leads to it."""
    assert "is denied to metrics" in refused("prometheus.example", address)


@pytest.mark.parametrize("host", ["metadata.google.internal", "METADATA.google.internal.", "instance-data"])
def test_names_of_metadata_are_denied(host: str) -> None:
    """Behind a proxy only the name is known."""
    assert "is denied to metrics" in refused(host)


@pytest.mark.parametrize("address", ["10.0.0.7", "127.0.0.1", "93.184.216.34", "2001:db8::1", "fd00:1::1", None])
def test_all_else_may_be_asked(address: str | None) -> None:
    """Services live inside of clusters and outside."""
    assert refused("prometheus.monitoring.svc", address) == ""


def test_an_operator_allows_by_address_what_is_denied() -> None:
    """A name does not do: it may lead anywhere tomorrow."""
    assert refused("node.example", "169.254.20.10", allow="169.254.20.10, *") == ""
    assert refused("node.example", "169.254.169.254", allow="169.254.20.10, *") != ""
    assert refused("node.example", "169.254.169.254", allow="node.example") != ""


def test_an_operator_denies_more() -> None:
    """By network, by name, and by what is below a name."""
    deny = "10.0.0.0/8, admin.example, .internal"

    assert refused("a.example", "10.1.2.3", deny=deny).startswith("a.example (10.1.2.3) is denied")
    assert refused("10.1.2.3", "10.1.2.3", deny=deny).startswith("10.1.2.3 is denied")
    assert refused("admin.example", "192.0.2.1", deny=deny) != ""
    assert refused("a.b.internal", None, deny=deny) != ""
    assert refused("internal.example", "192.0.2.1", deny=deny) == ""


def test_an_allow_list_leaves_out_all_else() -> None:
    """By network, name or domain."""
    allow = "10.0.0.0/8, *.example.com, api.datadoghq.com"

    assert refused("x", "10.9.9.9", allow=allow) == ""
    assert refused("prometheus.example.com", "192.0.2.1", allow=allow) == ""
    assert refused("api.datadoghq.com", None, allow=allow) == ""
    assert "is not among the addresses" in refused("example.com", "192.0.2.1", allow=allow)
    assert "is not among the addresses" in refused("192.0.2.1", "192.0.2.1", allow=allow)


@pytest.mark.parametrize("entry", ["http://x", "x:9090", "10.0.0.0/99", "a b"])
def test_what_is_no_address_is_named(entry: str) -> None:
    """With the flag and how to write it."""
    with pytest.raises(SettingsError, match=r"^--metrics-deny: .* is no address: write addresses, networks as 10"):
        refused("x", deny=entry)
