"""aiohttp applications on loopback, for the tests of clients."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

PATIENCE = 1.0
"""Seconds that a handler gets to end with its server. aiohttp takes 0 for `for ever`, and waits a minute untold."""


@asynccontextmanager
async def serving(app: web.Application, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The base URL of the application on a free port; a handler that holds on is cancelled at the end."""
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=PATIENCE)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
