"""What containers do by their own spec, where the scenario says nothing of their image. Asked by the kubelet; pure.

The rules of the fake pods of `make e2e` (controlplane/kwok/stage-pod.yaml), so that a manifest lives the same life here
and there; tests/scenarios/test_pods.py holds both to them.

    image does-not-exist, nonexistent, argo-error   ErrImagePull → ImagePullBackOff
    command /bad-command…                           RunContainerError → CrashLoopBackOff
    lifecycle.postStart sleep N                     starts N seconds later
    restartPolicy Never, OnFailure                  runs for the sum of its `sleep N` and a second; ends by `exit N`
    lifecycle.preStop sleep N                       ends N seconds after it is told to, within the grace period
"""

import re
from dataclasses import replace
from datetime import timedelta

from rollouts.cluster.port import Json
from rollouts.simulator.scenario import Behaviour

_UNPULLABLE = re.compile("does-not-exist|nonexistent|argo-error")
_SLEEP = re.compile(r"sleep (\d+)([smhd]?)")
_ENDLESS = re.compile(r"sleep (infinity|365d)")
_EXIT = re.compile(r"(?:^|[ ;&|])exit ([1-9]\d*)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_START, _AGES = timedelta(seconds=1), timedelta(days=365)


def behaviour_of(container: Json, usual: Behaviour, *, ends: bool) -> Behaviour:
    """The behaviour of a container of a pod's spec; `ends` where its pod's restartPolicy lets it."""
    start = usual.ready_after + hook_time(container, "postStart")
    behaviour = replace(usual, ready_after=start, never_ready=_failure(container) or usual.never_ready)
    is_endless = not ends or behaviour.never_ready != "" or behaviour.run_for is not None
    return behaviour if is_endless else _with_ending(container, behaviour)


def hook_time(container: Json, name: str) -> timedelta:
    """How long a lifecycle hook sleeps: by its `sleep` action, or in its command."""
    hook = (container.get("lifecycle") or {}).get(name) or {}
    if "sleep" in hook:
        return timedelta(seconds=hook["sleep"].get("seconds") or 0)
    return _asleep(" ".join((hook.get("exec") or {}).get("command") or ()))


def _failure(container: Json) -> str:
    if _UNPULLABLE.search(container.get("image", "")):
        return "image"
    command = container.get("command") or [""]
    return "start" if command[0].startswith("/bad-command") else ""


def _with_ending(container: Json, behaviour: Behaviour) -> Behaviour:
    words = " ".join((*(container.get("command") or ()), *(container.get("args") or ())))
    code = _EXIT.search(words)
    run_for = _AGES if _ENDLESS.search(words) else _asleep(words) + _START
    return replace(behaviour, run_for=run_for, exit_code=int(code[1]) if code else behaviour.exit_code)


def _asleep(words: str) -> timedelta:
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in _SLEEP.findall(words)))
