"""The numbers of ``alignment`` in sentences. A sign is only called one where the numbers carry it."""

from collections.abc import Mapping
from typing import Any

from framewise.diagnostics._settings import FEWEST_CLUSTERS

Number = Mapping[str, Any]


def findings(summary: Mapping[str, Any]) -> list[str]:
    """Sentences about what ``summarise`` found, the most important first."""
    if not summary["enough_clusters"]:
        said = f"Only {summary['num_clusters']} different videos were measured: below {FEWEST_CLUSTERS} no sign is"
        return [f"{said} called a finding, and what follows from signs is left out."]
    rows = summary["per_frames"]
    return [
        *_image(summary),
        _alignment(rows),
        _threshold(summary),
        _exchange(rows),
        _replay(rows),
        _carriers(rows),
        *([_selection(summary["selection"])] if summary["selection"] else []),
        *([_beyond(summary["beyond_need"])] if summary["beyond_need"] else []),
        *([_bound(summary["bound"])] if summary["bound"] else []),
    ]


def sign_of(number: Number) -> int:
    """1 or -1 where the interval leaves zero out, else 0."""
    ends = number["ci95"]
    if ends is None:
        return 0
    return 1 if ends[0] > 0 else -1 if ends[1] < 0 else 0


def _image(summary: Mapping[str, Any]) -> list[str]:
    norm = summary["image"]["norm"]
    if sign_of(norm) > 0:
        return []
    measured = f"{_signed(norm['value'])} ({_ends(norm)}) over {summary['num_images']} image samples"
    return [
        (
            f"The image gradient cannot be told from zero: its two halves have the inner product {measured}. Either "
            "the samples are too few, or the model stands at a minimum of their loss, where first order says nothing."
        )
    ]


def _alignment(rows: list[dict[str, Any]]) -> str:
    signs = {s: [str(r["m"]) for r in rows if sign_of(r["alignment"]) == s] for s in (1, -1, 0)}
    parts = [
        f"{words} at m = {', '.join(found)}"
        for found, words in (
            (signs[1], "lowers the image loss as well"),
            (signs[-1], "raises the image loss"),
            (signs[0], "cannot be told from one that leaves the image loss alone"),
        )
        if found
    ]
    return f"To first order a small step on the video loss {'; it '.join(parts)}."


def _threshold(summary: Mapping[str, Any]) -> str:
    found, frames = summary["threshold"], summary["frames"]
    tested, p = f"{frames[0]} to {frames[-1]}", found["trend_p"]
    trend = "" if p is None else f" Test for a fall over m: p = {p:.2g}."
    low, high = ("beyond the range" if end is None else str(end) for end in found["ci95"])
    if found["m_star"] is None:
        sure = "" if low == "beyond the range" else f"; but the interval begins at {low}"
        return f"No m* in the range tested, {tested}: the fitted alignment stays above zero{sure}.{trend}"
    signs = [sign_of(row["alignment"]) for row in summary["per_frames"]]
    if 1 not in signs:
        why = (
            "it is below zero from the first m on"
            if signs[0] < 0
            else "at no m is it above zero beyond doubt"
        )
        return (
            f"No m* can be told in the range tested, {tested}: no change of sign is to be seen, {why}.{trend}"
        )
    return f"m* is {found['m_star']} frames, 95 % interval {low} to {high}.{trend}"


def _exchange(rows: list[dict[str, Any]]) -> str:
    known = [row for row in rows if sign_of(row["exchange_rate"])]
    if not known:
        return "The exchange rate between the losses cannot be told from zero at any m."
    said = ", ".join(
        f"{_signed(row['exchange_rate']['value'])} at m = {row['m']} ({_ends(row['exchange_rate'])})"
        for row in known
    )
    return f"While the video loss falls by one, the image loss falls by {said}; below zero it rises."


def _replay(rows: list[dict[str, Any]]) -> str:
    if any(row["replay_share"]["ci95"] is None for row in rows):
        return "No share of image replay can be told: there is no image gradient to set against the videos'."
    worst = max(rows, key=lambda row: row["replay_share"]["ci95"][1])
    ends = worst["replay_share"]["ci95"]
    if ends[1] == 0:
        return "No image replay is needed to keep the image loss from rising to first order."
    return (
        f"An image share of {100 * ends[1]:.1f} % of the samples keeps the image loss from rising to first order at "
        f"every m tested (the upper end of the interval at m = {worst['m']}; the estimate there is "
        f"{100 * worst['replay_share']['value']:.1f} %)."
    )


def _carriers(rows: list[dict[str, Any]]) -> str:
    conflicts = [row for row in rows if sign_of(row["alignment"]) < 0]
    against = sorted({m["module"] for row in conflicts for m in row["modules"] if sign_of(m) < 0})
    if not conflicts:
        return "There is no conflict beyond doubt at any m, so no module is named that carries it."
    if not against:
        return "No single module is against the image loss beyond doubt: nothing to freeze is named."
    return f"These modules carry the conflict, and freezing them removes it to first order: {', '.join(against)}."


def _selection(found: Mapping[str, Any]) -> str:
    effect = found["effect"]
    words = {1: "kinder to", -1: "harder on", 0: "no different for"}[sign_of(effect)]
    return (
        f"Against its shuffled twin the table of budgets is {words} the image loss: "
        f"{_signed(effect['value'])} ({_ends(effect)}), n = {found['n']}."
    )


def _beyond(found: list[dict[str, Any]]) -> str:
    first = sum(sign_of(entry["alignment"]) > 0 for entry in found)
    second = sum(sign_of(entry["squared_norm"]) < 0 for entry in found)
    return (
        f"Of {len(found)} ratios of given to needed frames, Eq. 25 fails beyond doubt at {first} and Eq. 26 at "
        f"{second}."
    )


def _bound(found: Mapping[str, Any]) -> str:
    """Counts of single steps, with no sign called a finding: they are fewer than the videos that signs need."""
    least = found["minimised"]
    given = f"Eq. 28 with beta {found['smoothness']:.3g} and a learning rate of {found['learning_rate']:.3g}"
    if found["num_judged"] == 0:
        return f"{given} cannot be judged: every step moves the image loss by less than rounding."
    return (
        f"{given} held in {100 * found['share_held']:.1f} % of the {found['num_judged']} steps on single videos that "
        f"rounding leaves to be judged; all hold with a beta of {found['smallest_beta']:.3g}. The needed number of "
        f"frames had the smallest bound of all that suffice in {least['bound']} of {least['n']} videos, and the "
        f"smallest rise of the image loss in {least['measured']}; chance gives {least['by_chance']:.1f}."
    )


def _signed(value: float) -> str:
    return f"{value:+.3g}"


def _ends(number: Number) -> str:
    return "no interval" if number["ci95"] is None else "{:+.3g} to {:+.3g}".format(*number["ci95"])
