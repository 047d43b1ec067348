"""Where the worker listens: an address, any free port, or nowhere."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from config.listening import OFF, Listening, ListenOn

READ: TypeAdapter[Listening] = TypeAdapter(ListenOn)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("127.0.0.1:8321", Listening()), ("0.0.0.0:0", Listening("0.0.0.0", 0)),  # noqa: S104
        ("[::1]:80", Listening("::1", 80)), ("off", OFF), ("OFF", OFF), (False, OFF),
    ],
)  # fmt: skip
def test_an_address_is_read(text: object, meant: Listening) -> None:
    """A host and a port; YAML reads a bare off as false."""
    assert READ.validate_python(text) == meant


@pytest.mark.parametrize("text", ["", "8321", ":8321", "host:", "host:65536", "host:a", 80])
def test_what_is_no_address_is_refused(text: object) -> None:
    """With an example of one."""
    with pytest.raises(ValidationError, match="is not an address"):
        READ.validate_python(text)
