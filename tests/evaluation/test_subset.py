from hypothesis import given
from hypothesis import strategies as st

from framewise.evaluation import Item
from framewise.evaluation._subset import batch_items, digest_items, limit_items
from framewise.records import Media


def make(clusters, *, kinds=("image",), prompt="x"):
    text = "".join(f"<{kind}>" for kind in kinds) + prompt
    return [
        Item(
            item_id=str(number),
            subtask="s",
            cluster=str(cluster),
            media=tuple(Media(kind=kind, path="p") for kind in kinds),
            prompt=text + "y" * (number % 5),
            answer="a",
            chance=0.5,
        )
        for number, cluster in enumerate(clusters)
    ]


CLUSTERS = st.lists(st.integers(0, 9), min_size=1, max_size=40)


@given(CLUSTERS, st.integers(1, 50), st.integers(0, 3))
def test_limit_takes_whole_clusters_just_enough_and_in_order(clusters, limit, seed):
    items = make(clusters)
    chosen = limit_items(items, limit, seed=seed)
    inside = {item.cluster for item in chosen}
    assert chosen == [item for item in items if item.cluster in inside]
    assert len(chosen) >= min(limit, len(items))
    largest = max(clusters.count(cluster) for cluster in clusters)
    assert len(chosen) < limit + largest
    assert {i.item_id for i in chosen} <= {i.item_id for i in limit_items(items, limit + 3, seed=seed)}


def test_limit_depends_on_the_seed_only():
    items = make(range(30))
    assert limit_items(items, 5, seed=1) == limit_items(items, 5, seed=1)
    assert len({tuple(i.item_id for i in limit_items(items, 5, seed=s)) for s in range(10)}) > 1
    assert limit_items(items, None, seed=0) == items


@given(CLUSTERS, CLUSTERS, st.integers(1, 7))
def test_batches_hold_every_item_once_and_one_kind(images, videos, size):
    items = make(images) + make(videos, kinds=("video",))
    batches = batch_items(items, size)
    assert sorted(map(id, (item for batch in batches for item in batch))) == sorted(map(id, items))
    for batch in batches:
        assert 1 <= len(batch) <= size
        assert len({item.media[0].kind for item in batch}) == 1
        assert [len(item.prompt) for item in batch] == sorted(len(item.prompt) for item in batch)


def test_digest_sees_every_text():
    items = make([1, 2])
    assert digest_items(items) == digest_items(make([1, 2]))
    assert (
        len({digest_items(other) for other in (items, items[:1], make([1, 3]), make([1, 2], prompt="z"))})
        == 4
    )
