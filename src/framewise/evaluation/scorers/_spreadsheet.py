"""What a reply becomes when VLMEvalKit writes it to a spreadsheet and pandas reads it back."""

_NO_VALUE = frozenset(
    (
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
        "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    )
)  # fmt: skip


def read_back(reply: str) -> str | None:
    """The reply, or None where pandas takes the cell for one without a value."""
    return None if reply in _NO_VALUE else reply
