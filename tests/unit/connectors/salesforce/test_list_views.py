"""List views: worded as Salesforce takes them, made once, and never touched again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import MisconfiguredError, ProtocolError
from connectors.records import (
    FieldDescription,
    FieldKind,
    Operator,
    Option,
    ViewFilter,
    ViewSpec,
)
from connectors.salesforce.list_views import ListViews
from connectors.salesforce.view_definitions import rest_body, view_label, view_name
from tests.unit.connectors.salesforce.scripted import Script
from tests.unit.connectors.salesforce.wire import SECRET, Reply, Wire

CREATE = "POST ui-api/list-info/Account"
LIST = "GET query ListView"
FIELDS = {
    name: FieldDescription(
        name=name,
        label=name,
        kind=kind,
        writable=True,
        options=(Option("tier_1", "Tier 1"),) if kind is FieldKind.CHOICE else (),
    )
    for name, kind in {
        "ICP_Tier__c": FieldKind.CHOICE,
        "Codes__c": FieldKind.CHOICES,
        "Score__c": FieldKind.NUMBER,
        "Note__c": FieldKind.TEXT,
        "Flag__c": FieldKind.BOOLEAN,
        "At__c": FieldKind.DATETIME,
        "Day__c": FieldKind.DATE,
    }.items()
}


def view(*filters: ViewFilter, name: str = "ICP: Tier 1", mine: bool = False) -> ViewSpec:
    """A view of these filters."""
    return ViewSpec(name=name, filters=filters, columns=("Name", "OwnerId", "Score__c"), mine=mine)


BY_TIER = view(ViewFilter("ICP_Tier__c", Operator.IS, ("tier_1",)))


def test_a_view_is_worded_by_fields_and_labels() -> None:
    """The body that the User Interface API documents, for everybody to see."""
    assert rest_body(BY_TIER, FIELDS) == {
        "listViewApiName": "ICP_Tier_1",
        "label": "ICP: Tier 1",
        "displayColumns": ["Name", "Owner.Alias", "Score__c"],
        "filteredByInfo": [
            {"fieldApiName": "ICP_Tier__c", "operator": "Equals", "operandLabels": ["Tier 1"]}
        ],
        "filterLogicString": "1",
        "scope": {"apiName": "everything"},
        "visibility": "Public",
    }


def test_views_of_ones_own_accounts_have_that_scope() -> None:
    """Everybody sees his own in the same view."""
    body = rest_body(view(name="ICP: My Tier 1", mine=True), FIELDS)

    assert body["scope"] == {"apiName": "mine"}
    assert body["filteredByInfo"] == []
    assert "filterLogicString" not in body


@pytest.mark.parametrize(
    ("test", "lines"),
    [
        (("ICP_Tier__c", Operator.IS_NOT, ("x",)), [("NotEqual", ["x"])]),
        (("Codes__c", Operator.IS, ("a", "b")), [("Includes", ["a", "b"])]),
        (("Codes__c", Operator.IS_NOT, ("a",)), [("Excludes", ["a"])]),
        (("Score__c", Operator.AT_LEAST, ("80",)), [("GreaterOrEqual", ["80"])]),
        (("Score__c", Operator.BELOW, ("80",)), [("LessThan", ["80"])]),
        (("Note__c", Operator.IS, ("x",)), [("Equals", ["x"])]),
        (("Note__c", Operator.KNOWN, ()), [("NotEqual", [""])]),
        (("Note__c", Operator.UNKNOWN, ()), [("Equals", [""])]),
        (("Flag__c", Operator.IS, ("true",)), [("Equals", ["1"])]),
        (("At__c", Operator.LAST_DAYS, ("7",)), [("GreaterOrEqual", ["LAST_N_DAYS:7"])]),
        (
            ("Day__c", Operator.NEXT_DAYS, ("14",)),
            [("GreaterOrEqual", ["TODAY"]), ("LessOrEqual", ["NEXT_N_DAYS:14"])],
        ),
    ],
)
def test_tests_are_said_in_salesforces_words(
    test: tuple[str, Operator, tuple[str, ...]], lines: list[tuple[str, list[str]]]
) -> None:
    """By kind of field; days are relative, and today counts both ways."""
    body = rest_body(view(ViewFilter(*test)), FIELDS)

    found = [(it["operator"], it["operandLabels"]) for it in body["filteredByInfo"]]
    assert found == lines
    logic = " AND ".join(str(n + 1) for n in range(len(lines)))
    assert body["filterLogicString"] == logic


def test_tests_that_cannot_be_said_are_all_named() -> None:
    """An unknown field and a test that its kind does not have: both, with the view's name."""
    impossible = view(
        ViewFilter("Gone__c", Operator.KNOWN), ViewFilter("Note__c", Operator.BELOW, ("5",))
    )

    with pytest.raises(MisconfiguredError) as caught:
        rest_body(impossible, FIELDS)

    assert [problem.subject for problem in caught.value.problems] == ["Gone__c", "Note__c"]
    assert "ICP: Tier 1" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "developer_name"),
    [
        ("ICP: Tier 1", "ICP_Tier_1"),
        ("ICP: New Tier 1, last 7 days", "ICP_New_Tier_1_last_7_days"),
        ("ICP: Needs data, nearly Tier 1", "ICP_Needs_data_nearly_Tier_1"),
    ],
)
def test_developer_names_are_made_of_the_words(name: str, developer_name: str) -> None:
    """Letters, digits and single underscores, beginning with our prefix."""
    assert view_name(name) == developer_name


@given(name=st.text(min_size=1, max_size=120).filter(str.strip))
def test_every_name_has_a_lawful_developer_name_and_label(name: str) -> None:
    """Whatever a tier is called: 40 ASCII characters at most, and fewer than 40 in the label."""
    made = view_name(f"ICP: {name}")

    assert len(made) <= 40
    assert made.isascii()
    assert made.replace("_", "a").isalnum()
    assert made.startswith("ICP")
    assert "__" not in made
    assert not made.endswith("_")
    assert len(view_label(f"ICP: {name}")) < 40


def test_names_that_lose_letters_stay_apart() -> None:
    """Two tiers in letters that developer names do not have are two views."""
    assert view_name("ICP: Größe") != view_name("ICP: Gruße")
    assert view_name("ICP: 大") != view_name("ICP: 小")


@pytest.fixture
def script(wire: Wire) -> Script:
    """An org that makes views."""
    return Script(wire).rows(LIST).on(CREATE, Reply(201, {"eTag": "x"}))


@pytest.mark.parametrize(
    "row",
    [
        {"DeveloperName": "ICP_Tier_1", "Name": "Renamed by somebody"},
        {"DeveloperName": "Other", "Name": "icp: tier 1"},
    ],
)
def test_a_view_is_found_by_either_of_its_names(script: Script, row: dict[str, str]) -> None:
    """One that somebody renamed is still that view; its list is read once."""
    script.rows(LIST, row)
    views = ListViews(script.session())

    assert views.exists("ICP: Tier 1")
    assert not views.exists("ICP: Tier 2")
    assert len(script.asked(LIST)) == 1


def test_a_view_is_made_by_one_call(script: Script) -> None:
    """Nothing else is changed."""
    ListViews(script.session()).create(BY_TIER, FIELDS)

    assert script.changes() == [CREATE]
    assert script.sent(CREATE)[0]["listViewApiName"] == "ICP_Tier_1"


def test_a_name_that_someone_took_meanwhile_is_fine(script: Script) -> None:
    """However Salesforce words it, the view is there: nothing is overwritten."""
    script.refuse(CREATE, 400, "DUPLICATE_DEVELOPER_NAME")
    script.rows(LIST, {"DeveloperName": "ICP_Tier_1", "Name": "x"})

    ListViews(script.session()).create(BY_TIER, FIELDS)

    assert script.changes() == [CREATE]


def test_a_view_refused_for_another_reason_is_an_error(script: Script) -> None:
    """It names the view and what to check, and quotes nothing."""
    script.refuse(CREATE, 400, "INVALID_INPUT")

    with pytest.raises(ProtocolError, match="private view called ICP_Tier_1") as caught:
        ListViews(script.session()).create(BY_TIER, FIELDS)

    assert SECRET not in str(caught.value)


def test_a_view_of_fields_that_the_user_does_not_see_says_so(script: Script) -> None:
    """Nobody can make a view of what he may not see: the remedy is a permission set."""
    script.refuse(CREATE, 400, "INVALID_FIELD")

    with pytest.raises(MisconfiguredError, match="permission set ICP Reader"):
        ListViews(script.session()).create(BY_TIER, FIELDS)


@pytest.mark.parametrize("status", [400, 403])
def test_the_missing_permission_is_named(script: Script, status: int) -> None:
    """Views that everybody sees take a permission of their own."""
    script.refuse(CREATE, status, "INSUFFICIENT_ACCESS")

    with pytest.raises(MisconfiguredError, match="Manage Public List Views"):
        ListViews(script.session()).create(BY_TIER, FIELDS)
