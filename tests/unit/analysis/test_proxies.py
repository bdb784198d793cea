"""Which proxy a request takes: the rules of Go programs, rule by rule (golang.org/x/net, http/httpproxy)."""

import pytest

from analysis.errors import SettingsError
from analysis.proxies import proxies_in

HTTP, HTTPS = "http://proxy.example:3128", "http://secure.example:3129"


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://prometheus.example/x", HTTP),
        ("https://prometheus.example/x", HTTPS),
        ("http://localhost:9090", ""),
        ("http://LOCALHOST:9090", ""),
        ("http://127.0.0.1:9090", ""),
        ("http://127.8.8.8", ""),
        ("http://[::1]:9090", ""),
        ("http://10.0.0.1", HTTP),
    ],
)
def test_a_scheme_has_its_proxy(url: str, proxy: str) -> None:
    """But what is local is asked directly, whatever is set."""
    assert proxies_in({"HTTP_PROXY": HTTP, "HTTPS_PROXY": HTTPS}).of(url) == proxy


def test_names_in_small_letters_do_where_there_are_no_others() -> None:
    """Capitals win."""
    environ = {"http_proxy": "http://small", "HTTP_PROXY": HTTP, "https_proxy": HTTPS, "no_proxy": "x.example"}
    proxies = proxies_in(environ)

    assert (proxies.of("http://a.example"), proxies.of("https://a.example")) == (HTTP, HTTPS)
    assert proxies.of("http://x.example") == ""


@pytest.mark.parametrize(
    ("no_proxy", "direct", "proxied"),
    [
        ("*", ["http://a.example", "http://10.0.0.1"], []),
        ("example.com", ["http://example.com", "http://a.b.example.com"], ["http://notexample.com"]),
        (".example.com", ["http://a.example.com"], ["http://example.com"]),
        ("*.example.com", ["http://a.example.com"], ["http://example.com"]),
        ("EXAMPLE.com", ["http://example.COM"], []),
        ("example.com:9090", ["http://example.com:9090"], ["http://example.com", "http://example.com:80"]),
        ("example.com:80", ["http://example.com"], ["https://example.com"]),
        ("10.0.0.0/8", ["http://10.9.8.7:1"], ["http://11.0.0.1", "http://10.example.com"]),
        ("10.0.0.1", ["http://10.0.0.1", "http://10.0.0.1:9090"], ["http://10.0.0.11"]),
        ("10.0.0.1:9090", ["http://10.0.0.1:9090"], ["http://10.0.0.1"]),
        ("2001:db8::/32", ["http://[2001:db8::1]"], ["http://[2001:db9::1]"]),
        ("2001:db8::1", ["http://[2001:db8:0::1]:9090"], ["http://[2001:db8::2]"]),
        ("[2001:db8::1]:9090", ["http://[2001:db8::1]:9090"], ["http://[2001:db8::1]"]),
        (" a.example , ,b.example ", ["http://a.example", "http://b.example"], ["http://c.example"]),
        (":9090", [], ["http://a.example:9090"]),
        ("svc", ["http://prometheus.monitoring.svc:9090"], ["http://svc.example"]),
    ],
)
def test_exceptions_are_asked_directly(no_proxy: str, direct: list[str], proxied: list[str]) -> None:
    """Names with what is below them, addresses, networks, ports."""
    proxies = proxies_in({"HTTP_PROXY": HTTP, "HTTPS_PROXY": HTTP, "NO_PROXY": no_proxy})

    assert [proxies.of(url) for url in direct] == [""] * len(direct)
    assert [proxies.of(url) for url in proxied] == [HTTP] * len(proxied)


def test_a_proxy_needs_no_scheme() -> None:
    """Then it speaks HTTP; SOCKS has to be said."""
    assert proxies_in({"HTTP_PROXY": "proxy:3128"}).of("http://a.example") == "http://proxy:3128"
    assert proxies_in({"HTTP_PROXY": "socks5://proxy"}).of("http://a.example") == "socks5://proxy"


def test_a_client_of_cgi_cannot_set_the_proxy() -> None:
    """Its header Proxy arrives as HTTP_PROXY there."""
    assert proxies_in({"HTTP_PROXY": HTTP, "REQUEST_METHOD": "GET"}).of("http://a.example") == ""


@pytest.mark.parametrize("value", ["ftp://proxy", "http://", "http://proxy:99999"])
def test_what_is_no_proxy_is_told(value: str) -> None:
    """A mistake there must not send requests out directly."""
    with pytest.raises(SettingsError, match=r"HTTPS_PROXY: .* is no proxy: write it as http://host:port"):
        proxies_in({"HTTPS_PROXY": value})
