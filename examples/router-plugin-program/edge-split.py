#!/usr/bin/env python3
"""A traffic router in fifty lines: puts a split into an edge proxy by its HTTP API, and asks whether it holds.

One JSON-RPC request a line comes in, one answer a line goes out; the program ends when its stdin is closed.
"""

import json
import sys
import urllib.request


def parts(context: dict) -> dict:
    """What each Service is to get. Experiments come and go; canary and stable are always there."""
    shares = [context["canary"], context["stable"], *context["experiments"]]
    return {share["service"]: share["weight"] for share in shares}


def asked(context: dict, split: dict | None = None) -> dict:
    """The proxy's split for this rollout, after putting this one there, if any."""
    place = context["rollout"]
    url = f"{context['config']['url']}/splits/{place['namespace']}/{place['name']}"
    body = None if split is None else json.dumps(split).encode()
    request = urllib.request.Request(url, data=body, method="GET" if split is None else "PUT")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def apply(context: dict) -> dict:
    """Bring it about; done is done, also a second time."""
    if context["managedRoutes"]:
        raise ValueError("this proxy has no header and mirror routes")
    asked(context, parts(context))
    return {}


def verify(context: dict) -> dict:
    """Whether it holds."""
    found = asked(context)
    return {"verified": found == parts(context), "message": f"the proxy carries {json.dumps(found)}"}


METHODS = {"apply": apply, "verify": verify}


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
