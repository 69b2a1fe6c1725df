"""Tables as .csv files."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from armfa.files import write_text


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with the same keys as a CSV; floats with six digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
    write_text(path, text.getvalue())


def write_columns(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Columns of one length as a CSV; nine digits, and nothing where there is no number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values()):
        writer.writerow("" if value != value else f"{value + 0.0:.9g}" for value in row)  # 0.0: no -0
    write_text(path, text.getvalue())


def check_csv(flag: str, path: Path) -> None:
    """Refuse a name that is not one of a CSV."""
    if path.suffix.lower() != ".csv" or path.is_dir():
        raise ValueError(f"expected {flag} as a file that ends in .csv, got {path}")
