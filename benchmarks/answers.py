"""A metric service and gates in a process of its own: `python -m benchmarks.answers`. Started by analysis and canaries.

Every query of `/api/v1/query` gets one good value at once; `/gate/NAME` is closed until a POST of `/open/NAME`. `/came`
gives the arrivals by one clock, each query's and each gate's.
"""

import asyncio
import time
from collections import defaultdict

from aiohttp import web

GOOD = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [0, "0.99"]}]}}


def application() -> web.Application:
    """The service."""
    came: defaultdict[str, list[float]] = defaultdict(list)
    open_gates: set[str] = set()

    async def answer(request: web.Request) -> web.Response:
        asked = {**request.query, **await request.post()}
        came[str(asked["query"])].append(time.perf_counter())
        return web.json_response(GOOD)

    async def arrivals(_: web.Request) -> web.Response:
        return web.json_response(came)

    async def gate(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        came[f"gate {name}"].append(time.perf_counter())
        return web.Response(status=200 if name in open_gates else 403, text="closed")

    async def open_gate(request: web.Request) -> web.Response:
        open_gates.add(request.match_info["name"])
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/api/v1/query", answer), web.get("/api/v1/query", answer), web.get("/came", arrivals)])
    app.add_routes([web.post("/gate/{name}", gate), web.post("/open/{name}", open_gate)])
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
