"""The subsets of a DestinationRule: which pods each of them means. Called by istio; pure.

A subset gets the hash of its version among its labels. Subsets of experiments hold nothing but that hash, so those that
no experiment needs any more are known by it and go; everybody else's stay.
"""

from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.model.weights import Share, Shares
from rollouts.traffic.bodies import annotations, with_annotations
from rollouts.traffic.istiosettings import Subsets


def subsets_of(rule: Json) -> list[Json]:
    """The subsets of a DestinationRule."""
    return [mapping(subset) for subset in items(mapping(rule.get("spec")).get("subsets"))]


def hash_of(rule: Json, name: str) -> str:
    """The version that a subset leads to, "" where it leads to any."""
    named = (subset for subset in subsets_of(rule) if subset.get("name") == name)
    return text(mapping(next(named, {}).get("labels")).get(HASH_LABEL))


def pointed(rule: Json, subsets: Subsets, shares: Shares, manager: str) -> Json:
    """The DestinationRule with the versions of these shares in its subsets, marked as managed by this rollout."""
    return with_annotations(_led(rule, subsets, shares), {**annotations(rule), MANAGED_BY: manager})


def released(rule: Json, subsets: Subsets) -> Json:
    """The DestinationRule without any mark of ours: its subsets lead to all pods that their own labels select."""
    after = _led(rule, subsets, Shares(Share(0), Share(0)))
    return with_annotations(after, {key: value for key, value in annotations(rule).items() if key != MANAGED_BY})


def abandoned(rule: Json) -> Json:
    """The DestinationRule of a rollout that is not there any more: no mark, no version, no subset of an experiment."""
    after = with_annotations(rule, {key: value for key, value in annotations(rule).items() if key != MANAGED_BY})
    own = [subset for subset in subsets_of(rule) if set(mapping(subset.get("labels"))) != {HASH_LABEL}]
    return {**after, "spec": {**mapping(rule.get("spec")), "subsets": [_leading(subset, "") for subset in own]}}


def kept(wanted: Json, live: Json, subsets: Subsets) -> Json:
    """Git's DestinationRule with the versions and the mark of the live one; as it is where that one has no mark."""
    manager = annotations(live).get(MANAGED_BY)
    if not manager:
        return wanted
    extra = tuple(
        Share(0, name, hash_of(live, name))
        for subset in subsets_of(live)
        if _is_left_over(subset, subsets) and (name := text(subset.get("name")))
    )
    canary, stable = (Share(0, hash=hash_of(live, name)) for name in (subsets.canary, subsets.stable))
    return pointed(wanted, subsets, Shares(canary, stable, extra), manager)


def _led(rule: Json, subsets: Subsets, shares: Shares) -> Json:
    hashes = {subsets.canary: shares.canary.hash, subsets.stable: shares.stable.hash}
    extra = {share.service: share.hash for share in shares.extra}
    found = [
        _leading(subset, {**extra, **hashes}[name]) if name in hashes or name in extra else subset
        for subset in subsets_of(rule)
        if (name := text(subset.get("name"))) in hashes or name in extra or not _is_left_over(subset, subsets)
    ]
    there = {text(subset.get("name")) for subset in found}
    found += [{"name": name, "labels": {HASH_LABEL: version}} for name, version in extra.items() if name not in there]
    return {**rule, "spec": {**mapping(rule.get("spec")), "subsets": found}}


def _leading(subset: Json, version: str) -> Json:
    labels = {key: value for key, value in mapping(subset.get("labels")).items() if key != HASH_LABEL}
    return {**subset, "labels": labels | ({HASH_LABEL: version} if version else {})}


def _is_left_over(subset: Json, subsets: Subsets) -> bool:
    is_ours = set(subset) == {"name", "labels"} and set(mapping(subset["labels"])) == {HASH_LABEL}
    return is_ours and text(subset.get("name")) not in subsets.others
