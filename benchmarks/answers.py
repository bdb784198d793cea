"""A metric service in a process of its own: `python -m benchmarks.answers`. Started by analysis.py.

Every query of `/api/v1/query` gets one good value at once; `/came` gives each query's arrivals by one clock.
"""

import asyncio
import time
from collections import defaultdict

from aiohttp import web

GOOD = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [0, "0.99"]}]}}


def application() -> web.Application:
    """The service."""
    came: defaultdict[str, list[float]] = defaultdict(list)

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        came[str(form["query"])].append(time.perf_counter())
        return web.json_response(GOOD)

    async def arrivals(_: web.Request) -> web.Response:
        return web.json_response(came)

    app = web.Application()
    app.add_routes([web.post("/api/v1/query", answer), web.get("/came", arrivals)])
    return app


async def serve() -> None:
    """Until the process is ended."""
    runner = web.AppRunner(application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"answering port={runner.addresses[0][1]}")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
