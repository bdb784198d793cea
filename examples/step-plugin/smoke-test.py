#!/usr/bin/env python3
"""A step plugin in forty lines: asks a URL of the new version some times, and goes on only if every answer is good.

One JSON-RPC request a line comes in, one answer a line goes out; the program ends when its stdin is closed. Whatever it
puts into `status` it gets back with the next request, so it needs no memory of its own.
"""

import json
import sys
import urllib.request


def run(context: dict) -> dict:
    """One check a call. Until there are enough, come back in ten seconds."""
    config, passed = context["config"] or {}, (context["status"] or {}).get("passed", 0)
    try:
        with urllib.request.urlopen(config["url"], timeout=5) as answer:
            print(f"{config['url']} said {answer.status}", file=sys.stderr, flush=True)
    except OSError as error:
        return {"phase": "Failed", "message": f"{config['url']}: {error}", "status": {"passed": passed}}
    passed, wanted = passed + 1, config.get("times", 3)
    phase = "Successful" if passed >= wanted else "Running"
    message = f"{passed} of {wanted} checks passed"
    return {"phase": phase, "message": message, "status": {"passed": passed}, "requeueAfter": "10s"}


def end(_context: dict) -> dict:
    """Nothing to take back."""
    return {"phase": "Successful"}


METHODS = {"run": run, "terminate": end, "abort": end}

if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": METHODS[request["method"]](request["params"])}
        except Exception as error:
            answer = {"error": {"code": -32000, "message": f"{type(error).__name__}: {error}"}}
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer}), flush=True)
