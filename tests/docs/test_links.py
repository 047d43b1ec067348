"""Links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, name, pages, text

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The places on a page that a link can name, as they are made from headings."""
    prose = re.sub(r"```.*?```", "", text(page), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links_resolve(page: Path) -> None:
    """Each relative link names a file that is there, and a heading that is on it."""
    prose = re.sub(r"```.*?```", "", text(page), flags=re.DOTALL)
    broken = []
    for link in LINK.findall(prose):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_every_page_can_be_found() -> None:
    """Each page under docs is linked from another page."""
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in pages()
        for link in LINK.findall(text(page))
    }
    alone = [
        name(page)
        for page in pages()
        if page.is_relative_to(ROOT / "docs") and page.resolve() not in linked
    ]

    assert alone == []


def test_the_run_book_begins_with_its_contents() -> None:
    """Each section of the run book is listed once, before the first."""
    page = text(ROOT / "docs" / "operations.md")
    contents, _, _ = page.partition("\n## ")

    assert sorted(re.findall(r"\[([^\]]+)\]\(#", contents)) == sorted(
        re.findall(r"^## (.+)$", page, re.MULTILINE)
    )
