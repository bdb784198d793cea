"""The inventory, in the form that Flux writes: what goes in comes out."""

from hypothesis import given
from hypothesis import strategies as st

from rollouts.gitsync.inventory import Entry, entry_of, parse_entry, read, stale, write

NAMES = st.from_regex(r"[a-z]([a-z0-9.:-]{0,15}[a-z0-9])?", fullmatch=True)
ENTRIES = st.builds(
    Entry,
    namespace=st.just("") | NAMES.filter(lambda name: ":" not in name),
    name=NAMES,
    group=st.sampled_from(["", "apps", "rbac.authorization.k8s.io"]),
    kind=st.sampled_from(["ConfigMap", "Role", "Deployment"]),
    version=st.sampled_from(["v1", "v1beta1"]),
)


def test_ids_are_fluxs() -> None:
    """Namespace, name, group and kind, joined by underscores; a colon is two."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "system:x"}}

    assert Entry("shop", "web", "apps", "Deployment").id == "shop_web_apps_Deployment"
    assert Entry("shop", "settings", "", "ConfigMap").id == "shop_settings__ConfigMap"
    assert entry_of(role).id == "_system__x_rbac.authorization.k8s.io_ClusterRole"


@given(entries=st.lists(ENTRIES, unique_by=lambda entry: entry.id))
def test_written_is_read(entries: list[Entry]) -> None:
    """An inventory survives the status, in a fixed order."""
    status = {"inventory": write(entries)}

    assert sorted(read(status)) == sorted(entries)
    assert write(read(status)) == status["inventory"]


@given(old=st.lists(ENTRIES), new=st.lists(ENTRIES))
def test_stale_is_what_nobody_wants(old: list[Entry], new: list[Entry]) -> None:
    """Only what was held and is wanted no more is stale; nothing is stale against itself."""
    ids = {entry.id for entry in new}

    assert all(entry in old and entry.id not in ids for entry in stale(old, new))
    assert stale(old, old) == ()


@given(id_=st.text("ab_", max_size=8))
def test_nonsense_is_no_entry(id_: str) -> None:
    """An id that nobody wrote does not break the round."""
    found = parse_entry(id_, "v1")

    assert found is None or (found.name and found.kind)
