"""The saved-views page shows companies by tier as a CRM would, and nothing that is not so."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.seed_data import SeedData, SeedDeal
from tests.support.saved_views import HOSTILE, NOTHING, Page, Portal, opened


@pytest.fixture
def portal() -> Iterator[Portal]:
    """Six companies, three of them judged."""
    companies = [
        {"name": "Acme", "domain": "acme.example", "numberofemployees": "1200",
         "industry": "COMPUTER_SOFTWARE", "country": "USA", "hubspot_owner_id": "73124500"},
        {"name": "bolt", "domain": "bolt.example", "numberofemployees": "300"},
        {"name": "Crux", "domain": "crux.example", "numberofemployees": "40"},
        {"name": "Dune", "numberofemployees": "0"},
        {"name": "Éclair"},
        {"name": HOSTILE, "domain": "evil.example"},
    ]  # fmt: skip
    deal = {"dealname": "Acme: new", "amount": "26000", "dealstage": "closedwon"}
    with opened(SeedData(companies=companies, deals=[SeedDeal(0, deal)])) as running:
        yield running


@pytest.fixture
def judged(portal: Portal) -> Portal:
    """The same after set-up and a run."""
    portal.set_up()
    at = "2026-11-20T09:00:00Z"
    portal.write(
        {
            "Acme": {"icp_tier": "tier_1", "icp_computed_tier": "tier_2", "icp_fit_score": "93",
                     "icp_tier_override": "tier_1", "icp_priority": "81.5",
                     "icp_reason": "Fits <7> of 7", "icp_tier_changed_at": at},
            "bolt": {"icp_tier": "tier_1", "icp_computed_tier": "tier_1", "icp_fit_score": "88",
                     "icp_priority": "90", "icp_missing": "exec_access;country"},
            "Crux": {"icp_tier": "disqualified", "icp_disqualifier": "too_small",
                     "icp_fit_score": "9"},
        }
    )  # fmt: skip
    return portal


def test_without_properties_the_page_says_what_to_do(portal: Portal) -> None:
    """Before set-up every company is listed, with the command that makes the fields."""
    page = portal.page()

    assert "icp setup --apply" in page.html
    assert page.tabs == {"All companies": 6}
    assert len(page.names) == 6


def test_before_a_run_the_page_says_so(portal: Portal) -> None:
    """With properties and no values, each tab is empty and names the next command."""
    portal.set_up()

    assert "No company has been assessed yet" in portal.page().html
    assert "icp run" in portal.page(view="tier:tier_1").html


def test_a_portal_without_companies_says_so() -> None:
    """An empty portal is a sentence, not an empty table."""
    with opened(SeedData()) as portal:
        page = portal.page()

    assert "This portal has no companies" in page.html
    assert page.rows == []


def test_tabs_are_the_options_with_their_counts(judged: Portal) -> None:
    """Tabs follow the options of the tier property, and their counts add up."""
    tabs = judged.page().tabs

    assert tabs == {
        "All companies": 6, "Tier 1": 2, "Tier 2": 0, "Not ICP": 0, "Disqualified": 1,
        "Needs data": 0, "Not assessed": 3,
    }  # fmt: skip


def test_a_tab_shows_its_companies_and_no_others(judged: Portal) -> None:
    """Each view lists the companies with that tier, highest priority first."""
    assert judged.page(view="tier:tier_1").names == ["bolt", "Acme"]
    assert judged.page(view="tier:disqualified").names == ["Crux"]
    assert len(judged.page(view="unassessed").names) == 3
    assert "No company in this view" in judged.page(view="tier:tier_2").html


def test_labels_are_shown_not_codes(judged: Portal) -> None:
    """Owners, industries, tiers and disqualifiers read as people call them."""
    page = judged.page(sort="score", dir="desc")

    assert page.column("Owner")[0] == "Ada Moreau"
    assert page.column("Industry")[0] == "Computer Software"
    assert page.column("Employees")[:2] == ["1,200", "300"]
    assert page.column("Tier")[1:4] == ["Tier 1", "Disqualified", NOTHING]
    assert page.column("Disqualifier")[2] == "Too small to see a return"
    assert page.column("Missing")[1] == "exec access, country"
    assert page.column("Priority")[:2] == ["81.5", "90.0"]
    assert page.column("Tier changed")[0] == "2026-11-20"


def test_an_override_is_marked_with_the_computed_tier(judged: Portal) -> None:
    """A person's tier does not pass as the computed one."""
    page = judged.page(view="tier:tier_1", sort="name")

    assert page.column("Tier") == ["Tier 1 override", "Tier 1"]
    assert "computed: Tier 2" in page.html


@pytest.mark.parametrize(
    ("sort", "direction", "first", "last"),
    [
        ("name", "asc", "Acme", "Éclair"),
        ("employees", "asc", "Dune", None),
        ("employees", "desc", "Acme", None),
        ("score", "asc", "Crux", None),
        ("tier", "asc", "Acme", None),
        ("tier", "desc", "Crux", None),
        ("domain", "desc", None, "Éclair"),
    ],
)
def test_columns_sort_both_ways_with_blanks_last(
    judged: Portal, sort: str, direction: str, first: str | None, last: str | None
) -> None:
    """Numbers sort as numbers, tiers in their order, and an empty value never comes first."""
    page = judged.page(sort=sort, dir=direction)

    names = page.names
    assert len(names) == 6
    assert first is None or names[0] == first
    assert last is None or names[-1] == last
    sorted_by = [attributes.get("aria-sort") for tag, attributes in page.tags if tag == "th"]
    assert [each for each in sorted_by if each] == [f"{direction}ending"]


def test_search_finds_by_name_and_domain(judged: Portal) -> None:
    """Case makes no difference, the view stays, and no hit is a sentence."""
    assert judged.page(q="BOLT").names == ["bolt"]
    assert judged.page(q="crux.ex").names == ["Crux"]
    assert judged.page(q="acme", view="tier:disqualified").names == []
    answer = judged.page(q="<i>nobody</i>")
    assert "Nothing found" in answer.html
    assert "<i>" not in answer.html


def test_customers_text_is_never_markup(judged: Portal) -> None:
    """Names and reasons with markup, control and direction characters arrive as harmless text."""
    page = judged.page()
    ids = re.findall(r"/company/(\d+)", page.html)
    record = Page(judged.http.get(f"/_sandbox/web/company/{ids[-1]}").text)

    for each in (page, record):
        scripts = [attributes for tag, attributes in each.tags if tag == "script"]
        assert scripts == [{"src": "/_sandbox/web/static/page.js", "defer": None}]
        assert "\u202e" not in each.html
        assert "\x07" not in each.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \ufffdCNI ␇" in page.html
    assert "Fits &lt;7&gt; of 7" in page.html


def test_pages_hold_fifty_each() -> None:
    """Paging shows every company exactly once, and a page past the end is the last."""
    companies = [{"name": f"Company {n:03d}"} for n in range(120)]
    with opened(SeedData(companies=companies)) as portal:
        pages = [portal.page(page=number).names for number in (1, 2, 3)]

        assert [len(names) for names in pages] == [50, 50, 20]
        assert sorted(name for page in pages for name in page) == [
            f"Company {n:03d}" for n in range(120)
        ]
        assert portal.page(page=99).names == pages[2]
        assert f"101{NOTHING}120 of 120" in portal.page(page=3).html


@pytest.mark.parametrize(
    "query", ["page=-1", "page=x", "sort=nothing", "dir=up", "page=9999999999"]
)
def test_nonsense_in_the_address_counts_as_not_given(portal: Portal, query: str) -> None:
    """A mistyped link shows the companies all the same."""
    answer = portal.http.get(f"/_sandbox/web/?{query}")

    assert answer.status_code == 200
    assert len(Page(answer.text).names) == 6


def test_lists_are_tabs_with_their_real_members(judged: Portal) -> None:
    """An active list shows who belongs to it now, and follows a change at once."""
    tier = {
        "filterType": "PROPERTY", "property": "icp_tier",
        "operation": {"operationType": "ENUMERATION", "operator": "IS_ANY_OF",
                      "values": ["tier_1"], "includeObjectsWithNoValueSet": False},
    }  # fmt: skip
    inner = {"filterBranchType": "AND", "filterBranchOperator": "AND", "filterBranches": []}
    branch = {
        "filterBranchType": "OR", "filterBranchOperator": "OR", "filters": [],
        "filterBranches": [{**inner, "filters": [tier]}],
    }  # fmt: skip
    body = {"name": "Our <best>", "objectTypeId": "0-2", "processingType": "DYNAMIC"}
    made = judged.post("/crm/v3/lists/", {**body, "filterBranch": branch})["list"]

    assert judged.page().tabs["Our &lt;best&gt;"] == 2
    assert judged.page(view=f"list:{made['listId']}", sort="name").names == ["Acme", "bolt"]
    judged.write({"Crux": {"icp_tier": "tier_1"}})
    assert judged.page().tabs["Our &lt;best&gt;"] == 3
    assert judged.http.get("/_sandbox/web/?view=list:999").status_code == 404


def test_a_tier_that_is_no_option_has_its_own_tab(judged: Portal) -> None:
    """Values left over from options that are gone are not hidden."""
    options = [{"value": "tier_2", "label": "Tier 2"}]
    judged.http.patch("/crm/v3/properties/companies/icp_tier", json={"options": options})

    tabs = judged.page().tabs
    assert tabs["tier_1"] == 2
    assert sum(count for label, count in tabs.items() if label != "All companies") == 6


def test_a_record_shows_why_and_what_else(judged: Portal) -> None:
    """The record has tier, reason, labels and deals; its part has no page around it."""
    [link] = re.findall(r'href="(/_sandbox/web/company/\d+)" title="Acme"', judged.page().html)
    full, part = judged.http.get(link).text, judged.http.get(f"{link}?part=1").text

    for text in ("Fits &lt;7&gt; of 7", "Acme: new", "Closed Won", "26K", "acme.example", "93"):
        assert text in full
        assert text in part
    assert "<html" in full
    assert "<html" not in part


def test_an_unknown_record_is_a_page_that_says_so(portal: Portal) -> None:
    """A stale link is a 404 with a way back."""
    answer = portal.http.get("/_sandbox/web/company/1")

    assert answer.status_code == 404
    assert "There is no company 1" in answer.text


def test_the_table_is_one_to_assistive_technology(judged: Portal) -> None:
    """Headers have a scope, the current tab is marked, every input has a label."""
    tags = judged.page(view="tier:tier_1").tags
    scopes = {attributes.get("scope") for tag, attributes in tags if tag == "th"}
    labelled = {attributes.get("for") for tag, attributes in tags if tag == "label"}

    assert scopes == {"col", "row"}
    assert [a["href"] for t, a in tags if a.get("aria-current")] == ["?view=tier%3Atier_1"]
    assert all(
        attributes.get("id") in labelled
        for tag, attributes in tags
        if tag == "input" and attributes.get("type") != "hidden"
    )


def test_nothing_is_fetched_from_elsewhere(judged: Portal) -> None:
    """Every address on the page is its own, and the browser is told to allow no other."""
    answer = judged.http.get("/_sandbox/web/")
    addresses = [
        value
        for _, attributes in Page(answer.text).tags
        for name, value in attributes.items()
        if name in {"src", "href", "action"} and value
    ]

    assert all(a.startswith(("/_sandbox/web/", "?", "#", "data:,")) for a in addresses)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
        assert (
            judged.http.get(f"/_sandbox/web/static/{name}").headers["content-type"].startswith(kind)
        )
    assert judged.http.get("/_sandbox/web/static/pages.py").status_code == 404


def test_looking_leaves_no_trace(judged: Portal) -> None:
    """Pages are not calls of the API: neither the counts nor the log know them."""
    before = judged.http.get("/_sandbox/stats").json()
    judged.page()

    assert judged.http.get("/_sandbox/stats").json() == before


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_real_browser_shows_it(judged: Portal, tmp_path: Path) -> None:
    """Chromium renders the table under the page's security policy and runs nothing of a name."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--enable-logging=stderr", "--v=0", f"--user-data-dir={tmp_path}", "--dump-dom",
        f"{judged.running.url}/_sandbox/web/?sort=name",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - found on the path

    assert Page(done.stdout).names[0] == "Acme"
    assert "Tier 1" in done.stdout
    assert "Content Security Policy" not in done.stderr
    assert "Uncaught" not in done.stderr
