"""Authentication, scopes, and the small read-only APIs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import OBJECTS, Caller


def test_no_or_unknown_token_is_401_in_the_recorded_words(call: Caller) -> None:
    """The body is the one reported from live calls, correlation id aside."""
    for token in ("", "pat-na1-nobody"):
        answer = call("GET", OBJECTS, token=token)
        body = answer.json()
        assert answer.status_code == 401
        assert body.pop("correlationId")
        assert body == {
            "status": "error",
            "message": "Authentication credentials not found. This API supports OAuth 2.0 "
            "authentication and you can find more details at "
            "https://developers.hubspot.com/docs/methods/auth/oauth-overview",
            "category": "INVALID_AUTHENTICATION",
        }


@pytest.mark.parametrize(
    ("missing", "method", "path", "body"),
    [
        ("crm.objects.companies.read", "GET", OBJECTS, None),
        ("crm.objects.companies.write", "POST", f"{OBJECTS}/batch/update", {}),
        ("crm.schemas.companies.write", "POST", "/crm/v3/properties/companies", {}),
        ("crm.lists.write", "POST", "/crm/v3/lists/", {}),
        ("crm.objects.deals.read", "GET", "/crm/v3/objects/deals", None),
        ("crm.objects.owners.read", "GET", "/crm/v3/owners/", None),
        ("oauth", "GET", "/account-info/v3/details", None),
    ],
)
def test_a_missing_scope_is_403_and_named(
    call: Caller, missing: str, method: str, path: str, body: Any
) -> None:
    """The answer has the documented shape and lists the scope."""
    token = call.control("POST", "tokens", {"without": [missing]})["token"]

    answer = call(method, path, body, token)

    found = answer.json()
    assert answer.status_code == 403
    assert found["category"] == "MISSING_SCOPES"
    assert found["links"] == {"scopes": "https://developers.hubspot.com/scopes"}
    [error] = found["errors"]
    assert error["message"] == "One or more of the following scopes are required."
    assert missing in error["context"]["requiredGranularScopes"]
    assert call(method, path, body).status_code != 403


def test_any_one_of_the_alternatives_is_enough(call: Caller) -> None:
    """Definitions may be read with the object scope alone."""
    token = call.control("POST", "tokens", {"scopes": ["crm.objects.companies.read"]})["token"]

    assert call("GET", "/crm/v3/properties/companies", token=token).status_code == 200
    assert call("POST", OBJECTS, {}, token).status_code == 403


def test_a_revoked_token_is_refused(call: Caller) -> None:
    """Revoking takes effect at once; reset brings only the default token back."""
    token = call.control("POST", "tokens", {})["token"]
    assert call("GET", OBJECTS, token=token).status_code == 200

    call.control("POST", "tokens", {"revoke": token})

    assert call("GET", OBJECTS, token=token).status_code == 401


def test_account_details(call: Caller) -> None:
    """The documented fields, on both path families."""
    details = call("GET", "/account-info/v3/details").json()

    assert details == call("GET", "/account-info/2026-09/details").json()
    assert set(details) == {
        "portalId", "accountType", "timeZone", "companyCurrency", "additionalCurrencies",
        "utcOffset", "utcOffsetMilliseconds", "uiDomain", "dataHostingLocation",
    }  # fmt: skip
    assert details["portalId"] == call.portal_id
    assert details["utcOffset"] == "-05:00"


def test_the_account_type_can_be_a_sandbox(call: Caller) -> None:
    """So that a client's binding to the kind of account can be tested."""
    call.control("POST", "behaviour", {"account_type": "SANDBOX"})

    assert call("GET", "/account-info/v3/details").json()["accountType"] == "SANDBOX"
    call.control("POST", "reset")
    assert call("GET", "/account-info/v3/details").json()["accountType"] == "STANDARD"


def test_deals_carry_their_companies_twice(call: Caller) -> None:
    """Once per association type; a deal without company has no key at all."""
    call("POST", "/crm/v3/objects/deals", {"properties": {"dealname": "Alone"}})

    path = "/crm/v3/objects/deals"
    properties = "dealname,hs_is_closed,hs_is_closed_won"
    deals = call("GET", path, associations="companies", properties=properties).json()["results"]

    first = call.ids()[0]
    assert deals[0]["associations"] == {
        "companies": {
            "results": [
                {"id": first, "type": "deal_to_company"},
                {"id": first, "type": "deal_to_company_unlabeled"},
            ]
        }
    }
    assert "associations" not in deals[-1]
    outcome = [
        (d["properties"]["hs_is_closed"], d["properties"]["hs_is_closed_won"]) for d in deals
    ]
    assert outcome == [("true", "true"), ("true", "false"), ("false", "false"), ("false", "false")]


def test_associations_are_numbers_and_none_is_207(call: Caller) -> None:
    """The v4 batch answer as recorded: numeric ids, and an error for who has none."""
    deal = call("GET", "/crm/v3/objects/deals").json()["results"][0]["id"]
    alone = call("POST", "/crm/v3/objects/deals", {"properties": {"dealname": "Alone"}}).json()[
        "id"
    ]
    path = "/crm/v4/associations/deals/companies/batch/read"

    good = call("POST", path, {"inputs": [{"id": deal}]})
    partial = call("POST", path, {"inputs": [{"id": deal}, {"id": alone}]})

    assert good.status_code == 200
    assert good.json()["results"] == [
        {
            "from": {"id": deal},
            "to": [
                {
                    "toObjectId": int(call.ids()[0]),
                    "associationTypes": [
                        {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"},
                        {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None},
                    ],
                }
            ],
        }
    ]
    assert partial.status_code == 207
    [error] = partial.json()["errors"]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["message"] == f"No company is associated with deal {alone}."
    assert error["context"] == {"fromObjectId": [alone]}
    assert "X-HubSpot-RateLimit-Remaining" not in good.headers
    one = call("GET", f"/crm/v4/objects/companies/{call.ids()[0]}/associations/deals").json()
    assert len(one["results"]) == 2


def test_pipeline_metadata_are_strings(call: Caller) -> None:
    """Closed and probability are text; a custom pipeline has numeric stage ids."""
    pipelines = call("GET", "/crm/v3/pipelines/deals").json()["results"]

    stages = {stage["id"]: stage["metadata"] for p in pipelines for stage in p["stages"]}
    assert stages["closedwon"] == {"isClosed": "true", "probability": "1.0"}
    assert stages["closedlost"] == {"isClosed": "true", "probability": "0.0"}
    assert any(stage.isdigit() for stage in stages)


def test_owners_page(call: Caller) -> None:
    """Owners come in pages, can be found by address and read by id."""
    everyone = call("GET", "/crm/v3/owners/").json()["results"]
    first = call("GET", "/crm/v3/owners", limit=1).json()

    assert first["results"] == everyone[:1]
    assert first["paging"]["next"]["after"] == "1"
    assert call("GET", f"/crm/v3/owners/{everyone[1]['id']}").json() == everyone[1]
    assert call("GET", "/crm/v3/owners", email=everyone[2]["email"]).json()["results"] == [
        everyone[2]
    ]
