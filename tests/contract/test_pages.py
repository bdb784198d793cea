"""Contract: long lists come in pages that all show one moment."""

from collections.abc import Awaitable, Callable

import pytest

from rollouts.cluster.errors import BadRequestError, GoneError
from rollouts.cluster.port import Cluster, Page, Query
from tests.contract.builders import Bench, config_map, config_maps, widget, widgets


async def _filled(cluster: Cluster, namespace: str, names: str) -> Bench:
    bench = widgets(cluster, namespace)
    for name in names:
        await bench.create(widget(name, labels={"half": "first" if name < "d" else "second"}))
    return bench


def _names(*pages: Page) -> str:
    return "".join(obj["metadata"]["name"] for page in pages for obj in page.items)


async def test_pages_make_up_the_list(cluster: Cluster, namespace: str) -> None:
    """A limit cuts the list; each token gives the next page, the last page has none."""
    bench = await _filled(cluster, namespace, "abcde")
    one = await cluster.list(bench.collection, Query(limit=2))
    two = await cluster.list(bench.collection, Query(limit=2, token=one.token))
    three = await cluster.list(bench.collection, Query(limit=2, token=two.token))

    assert [_names(one), _names(two), _names(three)] == ["ab", "cd", "e"]
    assert one.token
    assert two.token
    assert three.token == ""


async def test_limit_beyond_the_list_is_no_cut(cluster: Cluster, namespace: str) -> None:
    """A limit as long as the list gives all of it and no token."""
    bench = await _filled(cluster, namespace, "ab")
    page = await cluster.list(bench.collection, Query(limit=2))

    assert (_names(page), page.token) == ("ab", "")


async def test_pages_show_one_moment(cluster: Cluster, namespace: str) -> None:
    """What is created, changed or deleted between two pages does not show; all pages have one version."""
    bench = await _filled(cluster, namespace, "abcd")
    one = await cluster.list(bench.collection, Query(limit=2))
    await bench.create(widget("bb"))
    await bench.merge("c", {"spec": {"replicas": 9}})
    await cluster.delete(bench.at("d"))
    two = await cluster.list(bench.collection, Query(limit=2, token=one.token))

    assert _names(one, two) == "abcd"
    assert two.items[0]["spec"]["replicas"] == 1
    assert one.version == two.version


async def test_page_limit_counts_what_matches(cluster: Cluster, namespace: str) -> None:
    """With a selector, pages are cut from what it takes."""
    bench = await _filled(cluster, namespace, "abcdef")
    one = await cluster.list(bench.collection, Query(labels="half=second", limit=2))
    two = await cluster.list(bench.collection, Query(labels="half=second", limit=2, token=one.token))

    assert [_names(one), _names(two)] == ["de", "f"]


async def test_unknown_token_is_refused(cluster: Cluster, namespace: str) -> None:
    """A token that no server gave out is a bad request."""
    bench = await _filled(cluster, namespace, "a")
    with pytest.raises(BadRequestError):
        await cluster.list(bench.collection, Query(limit=1, token="not-a-token"))


async def test_token_of_a_forgotten_version_is_gone(
    cluster: Cluster, namespace: str, compact: Callable[[], Awaitable[None]]
) -> None:
    """After the server forgot the list's version, its token is a 410: list again."""
    bench = config_maps(cluster, namespace)  # our control plane serves these past its watch cache
    for name in "abc":
        await bench.create(config_map(name))
    one = await cluster.list(bench.collection, Query(limit=1))
    await bench.merge("c", {"data": {"colour": "blue"}})
    await compact()

    with pytest.raises(GoneError) as refusal:
        await cluster.list(bench.collection, Query(limit=1, token=one.token))
    assert refusal.value.status["reason"] == "Expired"
