"""Whatever a cell holds and however a stream is cut, a row of CSV reads as it was written."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.bulk_query import parsed
from connectors.salesforce.numbers import number_text, parsed_number

texts = st.text(st.characters(codec="utf-8") | st.sampled_from('\n\r",\0\u2028\u0085'), max_size=12)
tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), max_size=8)
)


class Pieces:
    """A body that comes in pieces of the given sizes, then byte by byte."""

    def __init__(self, body: bytes, sizes: list[int]) -> None:
        self._body = io.BytesIO(body)
        self._sizes = sizes

    def read_chunk(self) -> bytes:
        """Return the next piece."""
        return self._body.read(self._sizes.pop() if self._sizes else 1)


@given(table=tables, sizes=st.lists(st.integers(1, 40)))
def test_rows_survive_any_text_and_any_cut(table: list[list[str]], sizes: list[int]) -> None:
    """Line ends, quotes and other scripts are kept, null characters dropped, nothing else lost."""
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)

    read = list(parsed(Pieces(written.getvalue().encode(), sizes)))

    assert read == [[cell.replace("\0", "") for cell in row] for row in table]


@given(number=st.decimals(-(10**18), 10**18, places=6))
def test_a_number_has_one_text(number: Decimal) -> None:
    """However it is spelt, equal numbers are equal texts, and the text is the number."""
    text = number_text(number)

    assert text is not None
    assert Decimal(text) == number
    assert parsed_number(str(number)) == parsed_number(f"{number:E}") == text
    assert "E" not in text
    assert number_text(number.normalize()) == text


@given(exponent=st.integers(400, 10**18))
def test_a_number_too_long_to_write_is_none(exponent: int) -> None:
    """No CRM keeps it, and writing it out would fill the memory."""
    assert parsed_number(f"1E{exponent}") is None
    assert parsed_number(f"1E-{exponent}") is None


@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_of_json_keeps_its_value(number: float) -> None:
    """No digit that the CRM sent is lost."""
    text = number_text(number)

    assert text is not None
    assert Decimal(text) == Decimal(repr(number))
