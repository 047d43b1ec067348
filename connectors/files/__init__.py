"""CSV, JSON Lines and Parquet files as rows of text: a prospect list, or a list of results.

Memory stays bounded however long the file is. A line that cannot be read is a listed problem with
its number; the other lines go on.
"""

from __future__ import annotations

from connectors.files.reading import read_rows
from connectors.files.rows import Batch, LineProblem, Row
from connectors.files.writing import RowWriter, open_writer

__all__ = ["Batch", "LineProblem", "Row", "RowWriter", "open_writer", "read_rows"]
