"""What only a connector over a network can promise: calls, faults and credentials."""

from __future__ import annotations

import pytest

from connectors.errors import (
    ConnectorError,
    MisconfiguredError,
    QuotaExhaustedError,
    TransientError,
)
from connectors.hubspot.connector import HubSpotAdmin
from connectors.records import (
    AccountUpdate,
    FieldKind,
    FieldSpec,
    Operator,
    Option,
    ViewFilter,
    ViewSpec,
)
from tests.conformance.worlds import NAMES, TIERS, HubSpotWorld
from tests.support.sandbox import RunningSandbox

LIST, UPDATE = "GET companies", "POST companies/batch/update"


def job(world: HubSpotWorld, ids: list[str]) -> None:
    """Do what a run does: read everything, write everything, read some again."""
    crm = world.crm
    records = {record.account_id for page in crm.pages(None, NAMES) for record in page}
    assert records == set(ids)
    outcomes = crm.write(
        [
            AccountUpdate(account_id, {"icp_score": str(n), "icp_tier": "tier_1", "icp_reason": ""})
            for n, account_id in enumerate(ids)
        ]
    )
    assert all(outcome.accepted for outcome in outcomes)
    assert len(crm.fetch(ids[:5], NAMES)) == 5


def scores(world: HubSpotWorld, ids: list[str]) -> list[str | None]:
    """Read what is stored, without faults."""
    world.sandbox.control("DELETE", "faults")
    found = {record.account_id: record for record in world.crm.fetch(ids, NAMES)}
    return [found[account_id].fields.get("icp_score") for account_id in ids]


@pytest.mark.parametrize(
    "kind",
    [
        "rate_limit_burst",
        "rate_limit_search",
        "locked",
        "error",
        "error_after",
        "truncate",
        "drop_before",
        "drop_after",
    ],
)
def test_faults_change_the_effort_not_the_end_state(hubspot: HubSpotWorld, kind: str) -> None:
    """With every third call failing, all is read and written as without."""
    ids = hubspot.add([{"name": f"Company {n}"} for n in range(250)])
    hubspot.sandbox.fail(kind=kind, every=3)

    job(hubspot, ids)

    assert hubspot.crm.calls.retried >= 2
    assert scores(hubspot, ids) == [str(n) for n in range(250)]


def test_random_faults_of_all_kinds_change_nothing_either(hubspot: HubSpotWorld) -> None:
    """A tenth of all calls failing in mixed ways ends in the same state."""
    ids = hubspot.add([{"name": f"Company {n}"} for n in range(500)])
    for seed, kind in enumerate(("error", "drop_after", "truncate", "rate_limit_burst")):
        hubspot.sandbox.fail(kind=kind, chance=0.03, seed=seed)

    job(hubspot, ids)

    assert scores(hubspot, ids) == [str(n) for n in range(500)]


def test_calls_are_as_few_as_the_api_allows(hubspot: HubSpotWorld) -> None:
    """250 accounts are 3 calls to read and 3 to write; the sandbox counted the same."""
    ids = hubspot.add([{"name": f"Company {n}"} for n in range(250)])

    job(hubspot, ids)

    routes = hubspot.crm.calls.by_route
    assert (routes[LIST], routes[UPDATE]) == (3, 3)
    updates = [call for call in hubspot.sandbox.calls() if call["path"].endswith("/batch/update")]
    assert len(updates) == 3


def test_a_token_that_is_wrong_is_named_with_its_remedy(hubspot: HubSpotWorld) -> None:
    """The very first call says what to do, and does not repeat the token."""
    token = "pat-na1-revoked-long-ago"  # noqa: S105 - made up

    with pytest.raises(MisconfiguredError, match="service key") as caught:
        hubspot.connect(token).portal()

    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("missing", "act"),
    [
        ("crm.objects.companies.read", "read"),
        ("crm.objects.companies.write", "write"),
        ("crm.schemas.companies.write", "define"),
        ("crm.lists.write", "view"),
    ],
)
def test_a_missing_scope_is_named_plainly(hubspot: HubSpotWorld, missing: str, act: str) -> None:
    """The scope to add is in the message, not one for sensitive data."""
    [account_id] = hubspot.add([{"name": "Acme"}])
    made = hubspot.sandbox.control("POST", "tokens", {"without": [missing]})
    crm = hubspot.connect(made["token"])
    admin = HubSpotAdmin(hubspot.session(made["token"]))

    def attempt() -> None:
        if act == "read":
            crm.portal()
        elif act == "write":
            crm.write([AccountUpdate(account_id, {"icp_score": "1"})])
        elif act == "define":
            admin.set_options("icp_tier", [Option("tier_1", "Tier 1")])
        else:
            admin.create_view(ViewSpec(name="Any", filters=(ViewFilter("name", Operator.KNOWN),)))

    with pytest.raises(MisconfiguredError, match=missing) as caught:
        attempt()

    assert "sensitive" not in str(caught.value)
    assert caught.value.problems[0].remedy


def test_the_used_up_day_stops_cleanly(hubspot: HubSpotWorld) -> None:
    """Nothing is retried against a daily limit; the error says when to go on."""
    hubspot.sandbox.fail(kind="rate_limit_daily", every=1)

    with pytest.raises(QuotaExhaustedError) as caught:
        hubspot.crm.count()

    assert caught.value.resumes_at is not None
    assert hubspot.crm.calls.retried == 0


@pytest.mark.parametrize("kind", ["error", "drop_after", "truncate", "rate_limit_burst"])
def test_a_fault_that_lasts_ends_in_a_transient_error_that_says_nothing(
    hubspot: HubSpotWorld, kind: str
) -> None:
    """After the last attempt the error is ours, and free of what the company is called."""
    [account_id] = hubspot.add([{"name": "Planted Customer Ltd"}])
    hubspot.sandbox.fail(kind=kind, every=1)

    with pytest.raises(TransientError) as caught:
        hubspot.crm.write([AccountUpdate(account_id, {"icp_reason": "Planted reason"})])

    error: ConnectorError = caught.value
    assert "Planted" not in str(error)
    assert hubspot.sandbox.token not in str(error)
    assert error.__cause__ is None


def test_a_portals_own_rule_rejects_only_the_company_that_breaks_it(
    sandbox: RunningSandbox,
) -> None:
    """Dated versions bind writes to rules of the portal: one refused record, the rest written."""
    world = HubSpotWorld(sandbox, "2026-09")
    rule = {"property": "phone", "when": {"property": "type", "value": "PARTNER"}}
    sandbox.control("POST", "behaviour", {"required_when": [rule]})
    ids = world.add([{"name": "A"}, {"name": "B", "type": "PARTNER"}, {"name": "C"}])

    outcomes = world.crm.write([AccountUpdate(i, {"icp_score": "5"}) for i in ids])

    sandbox.control("POST", "behaviour", {"required_when": []})
    assert [outcome.accepted for outcome in outcomes] == [True, False, True]
    assert outcomes[1].code


def test_set_up_makes_what_a_second_set_up_finds(hubspot: HubSpotWorld) -> None:
    """Group, fields, options and lists are there afterwards; making them again changes nothing."""
    admin = HubSpotAdmin(hubspot.session(hubspot.sandbox.token))
    view = ViewSpec(
        name="ICP: Tier 1",
        filters=(
            ViewFilter("icp_tier", Operator.IS, ("tier_1",)),
            ViewFilter("icp_score", Operator.AT_LEAST, ("80",)),
        ),
    )
    fresh = FieldSpec(
        name="icp_gaps", label="Gaps", kind=FieldKind.CHOICES, description="Which", options=TIERS
    )
    assert admin.group_exists()
    assert not admin.view_exists(view.name)

    for _ in range(2):
        admin.create_group()
        admin.create_field(fresh)
        admin.create_view(view)
        admin.set_options(
            "icp_tier", [Option("tier_1", "One"), Option("tier_2", "Two", hidden=True)]
        )

    described = admin.fields()["icp_tier"]
    made = admin.fields()["icp_gaps"]
    assert (made.kind, made.options, made.description) == (FieldKind.CHOICES, TIERS, "Which")
    assert admin.view_exists("icp: tier 1")
    assert described.options == (Option("tier_1", "One"), Option("tier_2", "Two", hidden=True))
    cap = admin.field_cap()
    assert cap is None or cap.used <= cap.limit


def test_a_list_holds_the_companies_that_its_filters_describe(hubspot: HubSpotWorld) -> None:
    """The simulator evaluates the filters it was sent: the tree means what the view says."""
    ids = hubspot.add([{"name": f"Company {n}"} for n in range(6)])
    hubspot.crm.write(
        [
            AccountUpdate(
                account_id,
                {"icp_tier": f"tier_{n % 2 + 1}", "icp_score": str(n * 20), "icp_at": at},
            )
            for n, (account_id, at) in enumerate(
                zip(
                    ids,
                    ["2026-11-20T00:00:00.000Z"] * 3 + ["2026-01-01T00:00:00.000Z"] * 3,
                    strict=True,
                )
            )
        ]
    )
    admin = HubSpotAdmin(hubspot.session(hubspot.sandbox.token))
    views = {
        "Tier": (ViewFilter("icp_tier", Operator.IS, ("tier_1",)), [0, 2, 4]),
        "Not tier": (ViewFilter("icp_tier", Operator.IS_NOT, ("tier_1",)), [1, 3, 5]),
        "Score": (ViewFilter("icp_score", Operator.AT_LEAST, ("60",)), [3, 4, 5]),
        "Below": (ViewFilter("icp_score", Operator.BELOW, ("20",)), [0]),
        "Recent": (ViewFilter("icp_at", Operator.LAST_DAYS, ("7",)), [0, 1, 2]),
        "Known": (ViewFilter("icp_at", Operator.KNOWN), [0, 1, 2, 3, 4, 5]),
        "Unknown": (ViewFilter("icp_day", Operator.UNKNOWN), [0, 1, 2, 3, 4, 5]),
    }

    for name, (each, expected) in views.items():
        admin.create_view(ViewSpec(name=name, filters=(each,)))
        found = hubspot.sandbox.api("GET", f"/crm/v3/lists/object-type-id/0-2/name/{name}")["list"]
        members = hubspot.sandbox.api("GET", f"/crm/v3/lists/{found['listId']}/memberships")
        got = {str(member["recordId"]) for member in members["results"]}
        assert got == {ids[n] for n in expected}, name
