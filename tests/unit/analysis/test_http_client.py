"""The client of all metric services, against servers and a proxy on loopback: what is sent, what is refused."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from analysis.errors import NoAnswerError, ProviderError, SettingsError
from analysis.reach import Reach, places_in
from analysis.requests import LARGEST, Basic, Bearer, Http, Server
from tests.builders.outside import a_client, a_proxy, answering, certificate_for
from tests.builders.servers import serving


async def seen(request: web.Request) -> web.Response:
    """All of a request, as JSON."""
    body = (await request.read()).decode()
    headers = {name.lower(): value for name, value in request.headers.items()}
    return web.json_response({"method": request.method, "url": request.raw_path, "headers": headers, "body": body})


async def said(request: Http, environ: dict[str, str] | None = None, reach: Reach | None = None) -> Any:
    """What the server saw of the request."""
    async with a_client(environ, reach) as client:
        return (await client.send(request)).json()


async def test_a_request_arrives_as_it_was_meant() -> None:
    """Method, path, parameters in their order, headers of server and request, body."""
    async with answering(seen) as url:
        server = Server(url, headers=(("X-Org", "7"), ("X-Both", "server")))
        asked = Http(server, "PUT", "/a%20b", (("q", "x y&z"), ("q", "ü")), (("x-both", "request"),), b"body")
        found = await said(asked)

    assert (found["method"], found["url"], found["body"]) == ("PUT", "/a%20b?q=x%20y%26z&q=%C3%BC", "body")
    assert (found["headers"]["x-org"], found["headers"]["x-both"]) == ("7", "request")
    assert found["headers"]["user-agent"] == "sluice"


@pytest.mark.parametrize(
    ("auth", "header"),
    [(Basic("ü", "p:w"), "Basic w7w6cDp3"), (Bearer("t0k"), "Bearer t0k")],
)
async def test_authorization_is_put_on(auth: Basic | Bearer, header: str) -> None:
    """It wins over a header of the same name."""
    async with answering(seen) as url:
        found = await said(Http(Server(url, headers=(("authorization", "mine"),), auth=auth)))

    assert found["headers"]["authorization"] == header


@pytest.mark.parametrize("auth", [Bearer("t0\nk"), None])
async def test_a_header_of_two_lines_is_refused_without_its_text(auth: Bearer | None) -> None:
    """It is mostly a credential that was pasted with a line break."""
    async with answering(seen) as url:
        headers = () if auth else (("Authorization", "t0\nk"),)
        with pytest.raises(ProviderError, match=r"cannot be asked: header Authorization has a line break") as refused:
            await said(Http(Server(url, headers=headers, auth=auth)))

    assert "t0" not in str(refused.value)


async def test_a_small_request_goes_in_one_piece() -> None:
    """Head and body in one write: thousands of measurements a minute make half the system calls."""
    pieces: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces.append(await reader.read(2**16))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await said(Http(Server(f"http://127.0.0.1:{port}"), "POST", "/a", body=b"the body"))

    assert found == {}
    (piece,) = pieces
    assert piece.startswith(b"POST /a HTTP/1.1\r\n")
    assert piece.endswith(b"\r\n\r\nthe body")


async def test_headers_of_the_connection_are_not_users() -> None:
    """Neither host nor framing can be set, as in Go; other names keep any text that is sent as UTF-8."""
    async with answering(seen) as url:
        mine = (("Host", "metadata"), ("Transfer-Encoding", "chunked"), ("Proxy-Authorization", "x"), ("X-Name", "ü"))
        found = await said(Http(Server(url), headers=mine))

    assert found["headers"]["host"] in url
    assert not {"transfer-encoding", "proxy-authorization"} & set(found["headers"])


@pytest.mark.parametrize("header", [("Bäd", "x"), ("X-A", "one\r\nX-B: two")])
async def test_a_header_that_cannot_be_sent_is_told(header: tuple[str, str]) -> None:
    """Nothing is smuggled in."""
    async with answering(seen) as url:
        with pytest.raises(ProviderError, match="cannot be asked"):
            await said(Http(Server(url), headers=(header,)))


async def test_cookies_are_forgotten() -> None:
    """One metric's session is not another's."""

    async def baking(request: web.Request) -> web.Response:
        answer = web.json_response({"cookies": len(request.cookies)})
        answer.set_cookie("session", "1")
        return answer

    async with answering(baking) as url, a_client() as client:
        answers = [(await client.send(Http(Server(url)))).json() for _ in range(2)]

    assert answers == [{"cookies": 0}, {"cookies": 0}]


async def test_a_connection_is_used_again() -> None:
    """Measurements at an interval do not shake hands each time."""
    ports: set[Any] = set()

    async def note(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        return web.json_response({})

    async with answering(note) as url, a_client() as client:
        for _ in range(3):
            await client.send(Http(Server(url)))

    assert len(ports) == 1


async def test_a_connection_that_was_closed_meanwhile_is_not_used() -> None:
    """A server may drop those that idle; nobody's measurement fails by it."""

    async def drop(request: web.Request) -> web.Response:
        assert request.transport is not None
        asyncio.get_running_loop().call_later(0, asyncio.get_running_loop().call_later, 0, request.transport.close)
        return web.json_response({})

    async with answering(drop) as url, a_client() as client:
        for _ in range(5):
            assert (await client.send(Http(Server(url)))).status == 200
            for _ in range(20):
                await asyncio.sleep(0)


async def test_whatever_is_answered_is_an_answer() -> None:
    """Status, headers in small letters, and a text where there is no JSON."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=503, text="<b>later</b>", headers={"X-Why": "busy"})

    async with answering(refuse) as url, a_client() as client:
        answer = await client.send(Http(Server(url)))

    assert (answer.status, answer.is_good, answer.text, answer.headers["x-why"]) == (503, False, "<b>later</b>", "busy")
    with pytest.raises(ProviderError, match=f"{url} answered 503 with what is no JSON: <b>later</b>"):
        answer.json()


async def test_a_compressed_flood_is_cut_off() -> None:
    """What counts is what comes of it."""

    async def flood(_: web.Request) -> web.Response:
        answer = web.Response(body=b"0" * (LARGEST + 1))
        answer.enable_compression(web.ContentCoding.gzip)
        return answer

    async with answering(flood) as url, a_client() as client:
        with pytest.raises(ProviderError, match=f"more than {LARGEST} bytes"):
            await client.send(Http(Server(url)))


async def test_one_deadline_holds_for_everything() -> None:
    """Redirects do not add up, and a trickle does not last."""

    async def dawdle(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        raise web.HTTPFound(f"/{request.path}x")

    async with answering(dawdle) as url, a_client() as client:
        with pytest.raises(NoAnswerError, match=r"did not answer within 0\.12 s"):
            await client.send(Http(Server(url, timeout=timedelta(milliseconds=120))))


async def test_a_name_that_is_not_there_is_told() -> None:
    """And that is no answer, so the circuit hears of it."""
    async with a_client() as client:
        with pytest.raises(NoAnswerError, match=r"http://nowhere\.invalid cannot be asked"):
            await client.send(Http(Server("http://nowhere.invalid")))


async def test_reading_requests_follow_redirects() -> None:
    """On the same host with all that they have."""

    async def wander(request: web.Request) -> web.Response:
        if request.path == "/old":
            raise web.HTTPMovedPermanently("/new?x=1")
        return await seen(request)

    async with answering(wander) as url:
        found = await said(Http(Server(url, auth=Bearer("t")), "GET", "/old", (("q", "1"),)))

    assert (found["url"], found["headers"]["authorization"]) == ("/new?x=1", "Bearer t")


async def test_credentials_stay_where_they_were_meant_for() -> None:
    """Another port is another server: no authorization, no header that may be a key, and no body."""
    async with answering(seen) as there:

        async def send_away(request: web.Request) -> web.Response:
            code = web.HTTPTemporaryRedirect if request.method == "POST" else web.HTTPFound
            raise code(f"{there}/taken")

        async with answering(send_away) as url:
            server = Server(url, headers=(("DD-API-KEY", "k"), ("Accept", "text/csv")), auth=Basic("u", "p"))
            found = await said(Http(server, headers=(("X-Token", "t"),)))
            with pytest.raises(ProviderError, match="where no body is sent"):
                await said(Http(server, "POST", body=b"secret"))

    assert found["headers"]["accept"] == "text/csv"
    assert not {"authorization", "dd-api-key", "x-token"} & set(found["headers"])


async def test_a_circle_of_redirects_ends() -> None:
    """After ten."""

    async def around(_: web.Request) -> web.Response:
        raise web.HTTPFound("/again")

    async with answering(around) as url, a_client() as client:
        with pytest.raises(ProviderError, match="redirects more than 10 times"):
            await client.send(Http(Server(url)))


async def test_a_redirect_to_a_denied_address_is_refused() -> None:
    """The rules hold for every step."""

    async def to_metadata(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/latest/meta-data/")

    async with answering(to_metadata) as url, a_client() as client:
        with pytest.raises(ProviderError, match=r"169\.254\.169\.254 is denied to metrics"):
            await client.send(Http(Server(url)))


@pytest.mark.parametrize("host", ["localhost", "0x7f000001", "2130706433", "127.1"])
async def test_the_address_is_judged_that_is_connected_to(host: str) -> None:
    """Not the name, and not the way in which an address is written."""
    async with answering(seen) as url:
        port = url.rpartition(":")[2]
        with pytest.raises(ProviderError, match=r"\(127\.0\.0\.1\)|\(::1\)"):
            await said(Http(Server(f"http://{host}:{port}")), reach=Reach(deny=places_in("127.0.0.0/8,::1", "")))


async def test_names_that_resolve_are_asked_where_that_is_allowed() -> None:
    """An allow-list by network is kept by the address, too."""
    async with answering(seen) as url:
        port = url.rpartition(":")[2]
        found = await said(Http(Server(f"http://localhost:{port}")), reach=Reach(places_in("127.0.0.0/8", "")))

    assert found["method"] == "GET"


async def test_a_proxy_carries_what_is_not_local() -> None:
    """By HTTP_PROXY, with the proxy's own credentials; the server's go through it."""
    async with answering(seen) as url, a_proxy(url) as proxy:
        environ = {"HTTP_PROXY": proxy.url.replace("//", "//joe:secret@")}
        asked = Http(Server("http://prometheus.example", auth=Bearer("t")), "GET", "/api", (("q", "1"),))
        found = await said(asked, environ)
        await said(Http(Server(url)), environ)

    assert (found["url"], found["headers"]["host"]) == ("/api?q=1", "prometheus.example")
    assert proxy.asked == ["GET http://prometheus.example/api?q=1"]
    assert "Proxy-Authorization: Basic am9lOnNlY3JldA==" in proxy.heads[0]


async def test_a_users_proxy_is_judged() -> None:
    """It carries requests instead of the operator's, but only from where may be asked; NO_PROXY is not its matter."""
    async with answering(seen) as url, a_proxy(url) as proxy:
        server = Server("http://chat.example", proxy=proxy.url)
        found = await said(Http(server, "POST", "/in"), {"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*"})
        with pytest.raises(ProviderError, match="is denied to metrics"):
            await said(Http(server), reach=Reach(deny=places_in("127.0.0.0/8", "")))

    assert (found["url"], found["headers"]["host"]) == ("/in", "chat.example")
    assert proxy.asked == ["POST http://chat.example/in"]


async def test_a_proxy_tunnels_https(tmp_path: Path) -> None:
    """By HTTPS_PROXY and CONNECT; the server's certificate is looked at, with SSL_CERT_FILE."""
    certificate, key = certificate_for("prometheus.example", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", seen)
    async with serving(app, tls=context) as url, a_proxy(url) as proxy:
        asked = Http(Server("https://prometheus.example", auth=Bearer("t")))
        found = await said(asked, {"https_proxy": proxy.url, "SSL_CERT_FILE": str(certificate)})
        by_folder = await said(asked, {"https_proxy": proxy.url, "SSL_CERT_DIR": f"/nowhere:{tmp_path}"})
        with pytest.raises(NoAnswerError, match="certificate"):
            await said(asked, {"https_proxy": proxy.url})
        anyhow = await said(Http(Server("https://prometheus.example", is_insecure=True)), {"https_proxy": proxy.url})

    assert found["headers"]["authorization"] == "Bearer t"
    assert (by_folder["method"], anyhow["method"]) == ("GET", "GET")
    assert set(proxy.asked) == {"CONNECT prometheus.example:443"}
    assert all("Bearer" not in head for head in proxy.heads)


@pytest.mark.parametrize("host", ["169.254.169.254", "0xa9fea9fe", "metadata.google.internal", "[fd00:ec2::254]"])
async def test_a_proxy_is_no_way_around(host: str) -> None:
    """What it would be asked for is judged by name, and by every way to write an address."""
    async with a_client({"HTTP_PROXY": "http://127.0.0.1:1"}) as client:
        with pytest.raises(ProviderError, match="is denied to metrics"):
            await client.send(Http(Server(f"http://{host}")))


async def test_a_proxy_that_is_not_there_is_named() -> None:
    """Without its password."""
    async with a_client({"HTTP_PROXY": "http://joe:secret@127.0.0.1:1"}) as client:
        with pytest.raises(NoAnswerError, match=r"through the proxy http://127\.0\.0\.1:1: ") as told:
            await client.send(Http(Server("http://prometheus.example")))

    assert "secret" not in str(told.value)


async def test_a_proxy_of_socks_needs_its_package() -> None:
    """It is named."""
    async with a_client({"HTTP_PROXY": "socks5://127.0.0.1:1"}) as client:
        with pytest.raises(ProviderError, match=r"SOCKS, for which the package socksio is needed|cannot be asked"):
            await client.send(Http(Server("http://prometheus.example")))


async def test_certificates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """The variable is named."""
    with pytest.raises(SettingsError, match=r"SSL_CERT_FILE: .*none cannot be read"):
        await said(Http(Server("https://127.0.0.1:1")), {"SSL_CERT_FILE": str(tmp_path / "none")})
