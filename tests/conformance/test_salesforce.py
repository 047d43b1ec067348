"""What only the Salesforce connector promises: sessions, jobs, limits and an org's own habits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import MisconfiguredError, QuotaExhaustedError
from connectors.records import AccountUpdate, Gone, Window
from connectors.salesforce.auth import (
    ClientCredentials,
    Credentials,
    ExistingSession,
    JwtBearer,
    PasswordLogin,
    RefreshToken,
)
from connectors.salesforce.connector import SalesforceConnector
from connectors.salesforce.session import Session
from tests.conformance.worlds import SalesforceWorld, ids, read, recent
from tests.support.salesforce import RunningOrg

ODD_NAMES = [
    "two\nlines",
    "carriage\r\nreturn",
    'quoted "name", with comma',
    "Bäckerei Müller 株式会社 🙂",
    "separators \u2028 are no line ends",
]


@pytest.fixture(params=[2000, 0], ids=["calls", "jobs"])
def world(org: RunningOrg, request: pytest.FixtureRequest) -> SalesforceWorld:
    """An org that is read by calls, then by jobs."""
    return SalesforceWorld(org, request.param)


# -- sessions --------------------------------------------------------------------------------------


WAYS: dict[str, Callable[[RunningOrg], Credentials]] = {
    "jwt": lambda org: JwtBearer(
        "https://login.salesforce.com",
        org.client_id,
        org.username,
        org.private_key_file.read_text(),
    ),
    "refresh": lambda org: RefreshToken(
        org.instance_url, org.client_id, org.refresh_token, org.client_secret
    ),
    "session": lambda org: ExistingSession(org.instance_url, org.access_token),
    "password": lambda org: PasswordLogin(
        "https://login.salesforce.com", org.username, org.password, org.security_token
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_log_in_opens_the_same_org(salesforce: SalesforceWorld, way: str) -> None:
    """Client credentials open the others' org, too; state is bound to it."""
    org = salesforce.org

    assert salesforce.connect(WAYS[way](org)).portal().portal_id == org.org_id
    assert salesforce.crm.portal().portal_id == org.org_id


def test_a_rotated_refresh_token_is_kept(salesforce: SalesforceWorld) -> None:
    """The old one is void at once, so the next login needs the new one."""
    org = salesforce.org
    org.behave(rotate_refresh_tokens=True)
    kept: list[str] = []
    way = RefreshToken(
        org.instance_url, org.client_id, org.refresh_token, org.client_secret, kept.append
    )
    crm = salesforce.connect(way)

    crm.portal()
    org.control("POST", "tokens", {"expire_all": True})
    crm.count()

    assert len(kept) == 2
    assert org.refresh_token not in kept
    newest = RefreshToken(org.instance_url, org.client_id, kept[-1], org.client_secret)
    assert salesforce.connect(newest).count() == 0


def test_a_session_may_end_at_any_call(world: SalesforceWorld) -> None:
    """Between pages, looks at a job, parts of a result and writes: each is renewed once."""
    made = world.add([{"name": f"Company {number}"} for number in range(60)])
    world.org.behave(calls_per_token=2, page_size=20, bulk_page_rows=20)
    crm = world.crm

    assert ids(read(crm, "Name")) == sorted(made)
    outcomes = crm.write([AccountUpdate(it, {"ICP_Score__c": "5"}) for it in made])

    assert all(outcome.accepted for outcome in outcomes)
    assert crm.calls.by_status["401"] >= 2


def test_sessions_that_end_by_the_clock_are_renewed(world: SalesforceWorld) -> None:
    """However short their life, as long as a call fits into it."""
    made = world.add([{"name": f"Company {number}"} for number in range(200)])
    world.org.behave(lifetime_seconds=0.5, page_size=20)

    def renewals() -> int:
        return sum("oauth2/token" in call["path"] for call in world.org.calls())

    before = renewals()
    while renewals() < before + 3:
        assert ids(read(world.crm, "Name")) == sorted(made)


def test_a_token_that_is_refused_when_new_ends_the_run(salesforce: SalesforceWorld) -> None:
    """One renewal for each call, and no more."""
    salesforce.org.fail(kind="session_expired", route="query")
    before = len(salesforce.org.calls())

    with pytest.raises(MisconfiguredError, match="refuses the token"):
        salesforce.crm.count()

    assert len(salesforce.org.calls()) - before <= 3


def test_text_arrives_as_it_was_stored(world: SalesforceWorld) -> None:
    """Line ends, quotes, other scripts: the same by either way."""
    made = world.add([{"name": "Acme", "icp_reason": text} for text in ODD_NAMES])

    found = {
        record.account_id: record.fields["ICP_Reason__c"]
        for record in read(world.crm, "ICP_Reason__c")
    }

    assert [found[account_id] for account_id in made] == ODD_NAMES


def test_both_ways_give_the_same_records(salesforce: SalesforceWorld) -> None:
    """Every field that there is, of made-up companies, by calls and by a job."""
    made = salesforce.add([{"name": f"Company {number}"} for number in range(40)])
    salesforce.edit({made[0]: {"icp_tier": "tier_1", "icp_codes": "too_small;locked_in"}})
    salesforce.org.control(
        "POST",
        "records",
        {
            "Account": {
                made[1]: {
                    "AnnualRevenue": 350_000_000.5,
                    "NumberOfEmployees": 12,
                    "ParentId": made[2],
                },
                made[3]: {"BillingLatitude": 52.520008, "Description": "long\n\ntext"},
            }
        },
    )
    lookups = ["Parent.Name", "Owner.Name", "Parent.ICP_Score__c"]
    crm = salesforce.connect(lookups=lookups)
    by_jobs = salesforce.connect(lookups=lookups, bulk_threshold=0)
    fields = list(crm.fields())

    def shown(connector: SalesforceConnector) -> dict[str, Any]:
        return {
            it.account_id: (
                it.modified_at,
                it.lock_group,
                {k: v or None for k, v in it.fields.items()},
            )
            for it in read(connector, *fields)
        }

    assert shown(crm) == shown(by_jobs)
    assert shown(crm)[made[1]][1] == made[2]


# -- windows ---------------------------------------------------------------------------------------


def test_a_window_that_takes_too_long_is_halved(salesforce: SalesforceWorld) -> None:
    """Down to a second, and that second by id in small pages."""
    made = []
    for number in range(6):
        salesforce.advance(10)
        made += salesforce.add([{"name": f"Company {number}-{each}"} for each in range(20)])
    salesforce.org.behave(query_timeout_rows=20)

    assert ids(read(salesforce.crm, "Name", window=recent(salesforce))) == sorted(made)


def test_two_changes_of_one_second_are_two_revisions(world: SalesforceWorld) -> None:
    """The stamp is the same; a reading between them must not be taken for what came after."""
    [account_id] = world.add([{"name": "Acme", "icp_score": "1"}])
    [between] = read(world.crm, "ICP_Score__c")
    world.edit({account_id: {"icp_score": "2"}})
    world.advance(2)
    world.crm.count()

    [after] = read(world.crm, "ICP_Score__c")
    [again] = read(world.crm, "ICP_Score__c")

    assert (between.fields["ICP_Score__c"], after.fields["ICP_Score__c"]) == ("1", "2")
    assert between.modified_at != after.modified_at == again.modified_at


def test_deletes_and_merges_are_told_while_the_bin_has_them(world: SalesforceWorld) -> None:
    """With the survivor of a merge; an account that came back is among the changed again."""
    kept, deleted, winner, loser, restored = world.add([{"name": name} for name in "abcde"])
    world.advance(60)
    world.delete(deleted)
    world.delete(restored)
    world.merge(winner, loser)
    window = recent(world)

    gone = {it for page in world.crm.gone(window) for it in page}
    assert gone == {Gone(deleted), Gone(restored), Gone(loser, winner)}

    world.advance(60)
    world.org.control("POST", "records", {"undelete": [restored]})
    assert {it.account_id for page in world.crm.gone(window) for it in page} == {deleted, loser}
    since = Window(world.crm.now() - timedelta(seconds=30), world.crm.now() + timedelta(seconds=5))
    assert ids(read(world.crm, "Name", window=since)) == [restored]
    assert ids(read(world.crm, "Name")) == sorted([kept, winner, restored])


# -- an org's own habits ---------------------------------------------------------------------------


def test_a_short_id_is_the_account_of_the_long_one(world: SalesforceWorld) -> None:
    """Reports export 15 characters, and some tools lose the case of the 18."""
    [made] = world.add([{"name": "Acme"}])

    assert world.crm.account_id(made[:15]) == world.crm.account_id(made.lower()) == made
    assert ids(list(world.crm.fetch([made[:15], made], ["Name"]))) == [made]


def test_a_field_that_security_hides_reads_as_empty(world: SalesforceWorld) -> None:
    """It is not described, so preflight names it; a read that asks all the same does not fail."""
    world.add([{"name": "Acme", "icp_score": "5"}])
    world.org.behave(hidden_fields=["Account.ICP_Score__c"])

    assert "ICP_Score__c" not in world.crm.fields()
    [record] = read(world.crm, "Name", "ICP_Score__c")
    assert (record.fields["Name"], record.fields["ICP_Score__c"]) == ("Acme", None)


def test_a_field_that_vanishes_between_description_and_read_is_named(
    salesforce: SalesforceWorld,
) -> None:
    """Not read as empty: an input that vanished must not disqualify anybody."""
    salesforce.add([{"name": "Acme"}])
    salesforce.org.behave(hidden_fields=["Account.ICP_Score__c"])

    with pytest.raises(MisconfiguredError, match="ICP_Score__c"):
        read(salesforce.crm, "Name", "ICP_Score__c")


def test_standard_fields_that_the_org_does_not_have_read_as_empty(world: SalesforceWorld) -> None:
    """Data.com fields are not everywhere."""
    world.add([{"name": "Acme"}])
    world.org.behave(firmographic_fields=False)

    assert "NaicsCode" not in world.crm.fields()
    [record] = read(world.crm, "Name", "NaicsCode")
    assert record.fields["NaicsCode"] is None


def test_people_are_left_out_unless_asked_for(world: SalesforceWorld) -> None:
    """Count, pages and named reads agree, in an org that keeps people as accounts."""
    world.org.behave(person_accounts=True)
    made = world.add([{"name": f"Company {number}"} for number in range(30)])
    everybody = world.connect(person_accounts=True)
    world.crm.fields()

    companies = read(world.crm, "Name")

    assert 0 < len(companies) < len(made)
    assert world.crm.count() == len(companies)
    assert ids(list(world.crm.fetch(made, ["Name"]))) == ids(companies)
    assert everybody.count() == len(read(everybody, "Name")) == len(made)


def test_amounts_are_converted_at_the_orgs_own_rates(world: SalesforceWorld) -> None:
    """To the corporate currency, to the cent; a parent's amount by the parent's currency."""
    world.org.behave(multi_currency=True)
    revenue = {"AnnualRevenue": 1000}
    [parent, child] = world.org.control(
        "POST", "records", {"create": [revenue | {"CurrencyIsoCode": it} for it in ("JPY", "EUR")]}
    )["created"]
    world.org.control("POST", "records", {"Account": {child: {"ParentId": parent}}})
    fields = ["AnnualRevenue", "Parent.AnnualRevenue"]
    crm = world.connect(lookups=["Parent.AnnualRevenue"])

    portal = crm.portal()
    found = {record.account_id: record.fields for record in read(crm, *fields)}
    [fetched] = crm.fetch([child], fields)

    assert portal.currency == "USD"
    assert found[parent]["AnnualRevenue"] == "6.69"
    assert found[child]["AnnualRevenue"] == "1086.96"
    assert found[child]["Parent.AnnualRevenue"] == "6.69"
    assert fetched.fields["AnnualRevenue"] == "1086.96"


def test_formulas_show_what_they_are_made_of(salesforce: SalesforceWorld) -> None:
    """A run can then refuse an input that is computed from its own output."""
    formula = {"name": "Echo__c", "type": "double", "formula": "ICP_Score__c * 2"}
    total = {"name": "Won__c", "type": "currency", "rollup": True}
    salesforce.org.control("POST", "records", {"fields": [formula, total]})

    fields = salesforce.crm.fields()

    assert fields["Echo__c"].formula == "ICP_Score__c * 2"
    assert fields["Echo__c"].volatile
    assert fields["Won__c"].volatile
    assert not fields["ICP_Score__c"].volatile


# -- limits ----------------------------------------------------------------------------------------


def test_a_used_up_day_pauses_the_run(salesforce: SalesforceWorld) -> None:
    """The refusal of the day's last call says when to go on."""
    salesforce.org.fail(kind="rate_limit_daily")

    with pytest.raises(QuotaExhaustedError) as caught:
        salesforce.crm.count()

    assert caught.value.resumes_at == salesforce.crm.now() + timedelta(hours=1)


def test_a_version_that_is_gone_is_named(salesforce: SalesforceWorld) -> None:
    """Whoever set it can set another."""
    org = salesforce.org
    way = ClientCredentials(org.instance_url, org.client_id, org.client_secret)
    session = Session(way, api_version="30.0", api_origin=org.url)

    with pytest.raises(MisconfiguredError, match=r"api_version: version 30\.0"):
        SalesforceConnector(session).portal()


def test_an_incremental_read_that_finds_nothing_takes_five_calls(
    salesforce: SalesforceWorld,
) -> None:
    """By the sandbox's own log, the login included."""
    crm = salesforce.connect()
    before = len(salesforce.org.calls())

    crm.portal()
    crm.fields()
    crm.count()
    window = recent(salesforce)
    assert [*crm.pages(window, ["Name"]), *crm.gone(window)] == []

    assert len(salesforce.org.calls()) - before <= 5
    assert crm.calls.total == 5


def test_seeing_everything_is_proved_where_it_may_be_looked_up(
    salesforce: SalesforceWorld,
) -> None:
    """The seeded user sees all accounts, and says so once it may view the set-up."""
    salesforce.add([{"name": "Acme"}])
    crm = salesforce.crm
    crm.count()
    before = crm.inspect({}).visibility
    salesforce.org.behave(view_setup=True)

    after = crm.inspect({}).visibility

    assert not before.complete
    assert "sees 1 account of an unknown total" in before.detail
    assert "View Setup and Configuration" in before.detail
    assert after.complete
