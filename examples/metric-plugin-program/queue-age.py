#!/usr/bin/env python3
"""A metric plugin in forty lines: the age of the oldest message of a queue, as a JSON page of the queue's tells it.

One JSON-RPC request a line comes in, one answer a line goes out; the program ends when its stdin is closed. While the
page says that it is still counting, the measurement stays open and is asked for again.
"""

import json
import sys
import urllib.request


def run(context: dict) -> dict:
    """A value alone is judged by the metric's conditions."""
    with urllib.request.urlopen(context["config"]["url"], timeout=5) as answer:
        page = json.load(answer)
    if page.get("counting"):
        return {"phase": "Running", "resumeAfter": "5s", "metadata": {"asked": context["now"]}}
    return {"value": {"oldestSeconds": page["oldestSeconds"]}, "metadata": {"queue": page["name"]}}


METHODS = {"run": run, "resume": run}


def answered(request: dict) -> dict:
    """The answer to one request."""
    method = METHODS.get(request["method"])
    if method is None:
        return {"error": {"code": -32601, "message": f"there is no method {request['method']}"}}
    try:
        return {"result": method(request["params"])}
    except Exception as error:
        return {"error": {"code": -32000, "message": f"{type(error).__name__}: {error}"}}


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **answered(request)}), flush=True)
