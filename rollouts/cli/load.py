"""`sluice load`: a small HTTP load, with hey's flags, so that commands written for it run without it."""

import asyncio
import base64
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from multidict import CIMultiDict

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.loadtester import seconds_of
from rollouts.cli.session import CommandError
from rollouts.loadtester.generator import Load, send
from rollouts.loadtester.summary import Summary


@click.command(
    "load",
    cls=CobraCommand,
    is_local=True,
    use="URL",
    examples="""
  # Ten requests a second from each of two workers, for a minute
  sluice load -z 1m -q 10 -c 2 http://podinfo-canary.test:9898/

  # A hundred POSTs as fast as they go
  sluice load -n 100 -c 4 -m POST -T application/json -d '{"test": true}' http://podinfo-canary.test:9898/echo
""",
)
@click.argument("url")
@click.option("-n", "--requests", type=click.IntRange(min=1), default=200, metavar="int", help="Number of requests.")
@click.option("-c", "--concurrency", type=click.IntRange(min=1), default=50, metavar="int", help="Number of workers.")
@click.option(
    "-q",
    "--rate",
    type=click.FloatRange(min=0),
    default=0,
    metavar="float",
    help="Requests a second, of each worker; 0: no limit.",
)
@click.option(
    "-z", "--duration", default="", metavar="duration", help="How long, as 10s or 3m, in place of the number."
)
@click.option("-m", "--method", default="GET", help="HTTP method.")
@click.option(
    "-H", "--header", "headers", multiple=True, help="A header, as 'Name: value'; may be given several times."
)
@click.option(
    "-t",
    "--timeout",
    type=click.FloatRange(min=0),
    default=20,
    metavar="float",
    help="Seconds to wait for an answer; 0: for ever.",
)
@click.option("-A", "--accept", default="", help="The header Accept.")
@click.option("-d", "--data", default="", help="Body of the requests.")
@click.option("-D", "--data-file", default="", metavar="file", help="File with the body.")
@click.option("-T", "--content-type", default="text/html", help="The header Content-Type.")
@click.option("-U", "--user-agent", default="sluice-load", help="The header User-Agent.")
@click.option("-a", "--user", default="", metavar="name:password", help="Name and password, for basic authentication.")
@click.option("-host", "--host", default="", help="The header Host.")
@click.option("-cpus", "--cpus", type=int, default=1, metavar="int", help="Accepted: one is used.")
@click.option("-disable-compression", "--disable-compression", is_flag=True, help="Ask for no compressed answers.")
@click.option("-disable-keepalive", "--disable-keepalive", is_flag=True, help="A new connection for each request.")
@click.option("-disable-redirects", "--disable-redirects", is_flag=True, help="Follow no redirects.")
def load(url: str, **options: Any) -> None:
    """Send HTTP requests to a service, and print how fast it answered with what. Certificates are not looked at."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise CommandError(f"{url} is no address: write http://host:port/path")
    wanted = Load(
        url=url,
        method=options["method"].upper(),
        headers=_headers(options),
        body=_body(options["data"], options["data_file"]),
        requests=options["requests"],
        duration=seconds_of("--duration", options["duration"]) if options["duration"] else 0.0,
        workers=options["concurrency"],
        rate=options["rate"],
        timeout=options["timeout"],
        keeps_alive=not options["disable_keepalive"],
        follows=not options["disable_redirects"],
    )
    for line in asyncio.run(_sent(wanted)).lines():
        click.echo(line)


async def _sent(wanted: Load) -> Summary:
    """Until it is over, or SIGTERM or SIGINT: what was sent by then is told all the same."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await send(wanted, stop)


def _headers(options: dict[str, Any]) -> CIMultiDict[str]:
    """The last of a name holds, in whatever case it was written."""
    found = CIMultiDict({"Content-Type": options["content_type"], "User-Agent": options["user_agent"]})
    if options["accept"]:
        found["Accept"] = options["accept"]
    if options["user"]:
        found["Authorization"] = f"Basic {base64.b64encode(options['user'].encode()).decode()}"
    if options["disable_compression"]:
        found["Accept-Encoding"] = "identity"
    for name, value in _given(options["headers"]):
        found[name] = value
    if options["host"]:
        found["Host"] = options["host"]
    return found


def _given(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise CommandError(f"--header {line} is no header: write 'Name: value'")
        yield name.strip(), value.strip()


def _body(text: str, file: str) -> bytes:
    if not file:
        return text.encode()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"--data-file {file} cannot be read: {error.strerror or error}") from None
