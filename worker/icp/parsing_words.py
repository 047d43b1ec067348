"""Reads words: text, categories, stages, countries, flags, domains and lists."""

from __future__ import annotations

import re
from functools import lru_cache

from worker.icp.parsing_folding import fold, fold_place
from worker.icp.parsing_types import UNREADABLE, Lookups, Parser, Unreadable

_LONGEST = 500  # characters of a category, country, flag or domain; longer text is prose
_LONGEST_LIST = 65_536  # characters: HubSpot's bound on any text
_LONGEST_EMPTY = 60  # characters; longer text is never a word for nothing
_ITEMS_REMEMBERED = 4_096  # per attribute

_FLAGS = {
    "true": True, "yes": True, "y": True, "t": True, "1": True,
    "false": False, "no": False, "n": False, "f": False, "0": False,
}  # fmt: skip


def text_parser(lookups: Lookups) -> Parser:
    """Keep text as it is, without the space around it."""
    empty = lookups.empty

    def parse(text: str) -> str | None:
        text = text.strip()
        if len(text) <= _LONGEST_EMPTY and (not (word := fold(text)) or word in empty):
            return None
        return text

    return parse


def category_parser(lookups: Lookups) -> Parser:
    """Give the vocabulary's value for a word; one outside it stands for itself unless closed."""
    vocabulary, empty, closed = lookups.vocabulary, lookups.empty, lookups.closed
    exact = {value: value for value in vocabulary.values()}

    def parse(text: str) -> str | Unreadable | None:
        value = exact.get(text)
        if value is not None:
            return value
        if len(text) > _LONGEST:
            return UNREADABLE if text.strip() else None
        word = fold(text)
        value = vocabulary.get(word)
        if value is not None:
            return value
        if not word or word in empty:
            return None
        return UNREADABLE if closed else word

    return parse


def country_parser(lookups: Lookups) -> Parser:
    """Give the ISO 3166 alpha-2 code of a country's name or code; exact after folding."""
    vocabulary, empty = lookups.vocabulary, lookups.empty
    exact = {value: value for value in vocabulary.values()}

    def parse(text: str) -> str | Unreadable | None:
        value = exact.get(text)
        if value is not None:
            return value
        if len(text) > _LONGEST:
            return UNREADABLE if text.strip() else None
        word = fold_place(text)
        if word in empty:  # before the vocabulary: "NA" is Namibia, "na" is not available
            return None
        value = vocabulary.get(word)
        if value is not None:
            return value
        return None if not word or fold(text) in empty else UNREADABLE

    return parse


def flag_parser(lookups: Lookups) -> Parser:
    """Read true, yes, y, t, 1 and their opposites; the vocabulary may name further words."""
    empty, vocabulary = lookups.empty, lookups.vocabulary
    false = None if lookups.false_is_unknown else False
    exact = {word: value or false for word, value in _FLAGS.items()}

    def parse(text: str) -> bool | Unreadable | None:
        if text in exact:
            return exact[text]
        if len(text) > _LONGEST:
            return UNREADABLE if text.strip() else None
        word = fold(text)
        word = vocabulary.get(word, word)
        if word in exact:
            return exact[word]
        return None if not word or word in empty else UNREADABLE

    return parse


_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?://)?(?=[^\d])|//")
_HOST_END = re.compile(r"[/?#\\\s,;]")
_PORT = re.compile(r":\d*$")
_HOST = re.compile(r"(?:[\w-]{1,63}\.)+[\w-]{2,63}")
_LONGEST_HOST = 253


def domain_parser(lookups: Lookups) -> Parser:
    """Give the registrable domain of a host, URL or e-mail address, in lower-case A-labels.

    Without a ``domain`` function it is the host without ``www.``. Free mail, social networks and
    site builders identify nobody: they are unreadable.
    """
    empty, hosts, registrable = lookups.empty, lookups.hosts, lookups.domain

    def parse(text: str) -> str | Unreadable | None:
        if len(text) > _LONGEST:
            return UNREADABLE if text.strip() else None
        word = fold(text)
        if not word or word in empty:
            return None
        host = _host(text)
        if host is None:
            return UNREADABLE
        domain = registrable(host) if registrable else host.removeprefix("www.")
        if not domain or domain in hosts or host in hosts or host.removeprefix("www.") in hosts:
            return UNREADABLE
        return domain

    return parse


def _host(text: str) -> str | None:
    """Take the host out of a URL or e-mail address."""
    text = text.strip().strip("<>\"'").lower()
    text = _SCHEME.sub("", text, count=1) if _SCHEME.match(text) else text
    text = _HOST_END.split(text, maxsplit=1)[0]
    host = _PORT.sub("", text.rpartition("@")[2]).rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host) or host[-1].isdigit():
        return None
    return host


_LINES = re.compile(r"[\n\r\t\u2022\u00b7\u25cf\u25aa|]|(?:^|\s)[*-]\s")
_COMMAS = re.compile(r"[,()\[\]]")
_AND_MORE = re.compile("(?:^|_)and_(?:many_|several_|some_)?(?:more|others?)$")
_LIST_WORD = 80  # characters of an item; a longer one is a sentence


def list_parser(lookups: Lookups) -> Parser:
    """Give the set of a list's items, each read as a category is.

    Items are parted by ``;`` where there is one, else by commas and brackets; always by lines,
    bars and bullets. "and many others" is no item; "Backend: Go, PHP" is Go and PHP. Of a closed
    list the items outside the vocabulary are left out, and a list of nothing else is unreadable.
    """
    vocabulary, empty, closed = lookups.vocabulary, lookups.empty, lookups.closed
    labels = lookups.list_labels

    def item(text: str) -> str | None:
        heading, colon, rest = text.partition(":")
        if colon and fold(heading) in labels:
            text = rest
        word = fold(text)
        value = vocabulary.get(word)
        if value is None and "and_" in word:
            word = _AND_MORE.sub("", word).removeprefix("and_")
            value = vocabulary.get(word)
        if value is not None:
            return value
        return None if closed or not word or word in empty or len(word) > _LIST_WORD else word

    # lists are rarely the same, their items often are
    remembered = lru_cache(maxsize=_ITEMS_REMEMBERED)(item)

    def read(text: str) -> str | None:
        return remembered(text) if len(text) <= _LIST_WORD else item(text)

    def parse(text: str) -> frozenset[str] | Unreadable | None:
        if len(text) > _LONGEST_LIST:
            return UNREADABLE if text.strip() else None
        if not text.isascii() or "\n" in text or "*" in text or "|" in text or "- " in text:
            text = _LINES.sub(";", text) if ";" in text else _LINES.sub(",", text)
        parts = text.split(";") if ";" in text else _COMMAS.split(text)
        values = {value for part in parts if (value := read(part)) is not None}
        if values:
            return frozenset(values)
        whole = fold(text) if len(text) <= _LONGEST_EMPTY else "?"
        silent = not whole or whole in empty or not any(map(str.isalnum, text))
        words = {word for part in parts if (word := fold(part)) and word not in empty}
        return None if silent or not words else UNREADABLE

    return parse
