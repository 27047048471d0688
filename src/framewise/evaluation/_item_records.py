"""Items of benchmarks as records, so that an allocator can decide how many frames each question gets."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from framewise.evaluation._benchmark import Item
from framewise.evaluation._items import load_benchmarks, read_items
from framewise.records import Record, Turn, write_dataset


def record_id(benchmark: str, item_id: str) -> str:
    """What an item is called in records and budgets.

    >>> record_id("mvbench", "action_count/000")
    'mvbench/action_count/000'
    """
    return f"{benchmark}/{item_id}"


def item_pictures(benchmark: str, *, data_root: Path) -> dict[str, tuple[str, str]]:
    """Official name of the picture or video that an item is about, and its prompt, by the id of its record.

    Args:
        benchmark: Name of a benchmark plugin.
        data_root: Folder that item and media paths are relative to.

    Raises:
        UsageError: The name is unknown or files are missing.
    """
    items = read_items(load_benchmarks([benchmark]), data_root, prompt="official", limit=None, seed=0)[
        benchmark
    ]
    return {record_id(benchmark, item.item_id): (item.cluster, item.prompt) for item in items}


def write_item_records(
    benchmarks: Sequence[str],
    *,
    data_root: Path,
    output: Path,
    prompt: str = "official",
    limit: int | None = None,
    seed: int = 0,
    answers: bool = False,
) -> int:
    """Write the items that ``evaluate`` asks as records.

    Args:
        benchmarks: Names of benchmark plugins.
        data_root: Folder that item and media paths are relative to; give it to ``probe`` and ``allocate`` as
            media root.
        output: A ``.json``, ``.jsonl`` or ``.parquet`` file.
        prompt: As in ``evaluate``, like the next two.
        limit: Items of each benchmark, rounded up to whole clusters; None: all.
        seed: Seed of the draw that ``limit`` makes.
        answers: With the gold answers, for measuring a model's loss on them; allocators get none.

    Returns:
        The number of records.

    Raises:
        UsageError: A name is unknown, files are missing, or the suffix is.
    """
    plugins = load_benchmarks(benchmarks)
    items = read_items(plugins, data_root, prompt=prompt, limit=limit, seed=seed)
    for name, plugin in plugins.items():
        plugin.unpack(data_root, items[name])
    return write_dataset(output, (record.to_json() for record in _records(items, answers)))


def _records(items: Mapping[str, Sequence[Item]], answers: bool) -> Iterator[Record]:
    for name, questions in items.items():
        for item in questions:
            yield Record(
                id=record_id(name, item.item_id),
                source=name,
                task="multiple_choice" if item.choices else "open_ended",
                media=item.media,
                turns=(
                    Turn(role="user", text=item.prompt),
                    *((Turn(role="assistant", text=item.answer),) if answers else ()),
                ),
            )
