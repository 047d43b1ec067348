"""The unmodified official Python client works against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hubspot
import pytest
from hubspot.crm.companies import ApiException as CompanyError
from hubspot.crm.properties import ApiException as PropertyError

from tests.sandbox.conftest import Caller


@pytest.fixture
def client(call: Caller) -> Iterator[Any]:
    """The official client, pointed at the sandbox."""
    made = hubspot.Client.create(access_token=call.token, host=call.url)
    apis = {
        "companies": made.crm.companies.basic_api,
        "batch": made.crm.companies.batch_api,
        "search": made.crm.companies.search_api,
        "properties": made.crm.properties.core_api,
        "groups": made.crm.properties.groups_api,
        "lists": made.crm.lists.lists_api,
        "account": made.crm.owners.owners_api,
        "pipelines": made.crm.pipelines.pipelines_api,
        "deals": made.crm.deals.basic_api,
    }
    yield apis
    for api in apis.values():
        api.api_client.rest_client.pool_manager.clear()


def test_list_and_get(client: Any, call: Caller) -> None:
    """Pages parse into models, dates included; ``archived=False`` is understood."""
    page = client["companies"].get_page(limit=2, properties=["name", "industry"], archived=False)
    one = client["companies"].get_by_id(page.results[0].id, properties=["name"])

    assert [company.id for company in page.results] == call.ids()[:2]
    assert page.paging.next.after == call.ids()[2]
    assert one.properties["name"] == "Alder Software"
    assert one.created_at.tzinfo is not None


def test_batch_read_and_search(client: Any, call: Caller) -> None:
    """207 parses with its errors, search with its total."""
    read = client["batch"].read(
        {"properties": ["name"], "inputs": [{"id": call.ids()[0]}, {"id": "9"}]}
    )
    window = {"propertyName": "hs_object_id", "operator": "GT", "value": call.ids()[3]}
    body = {
        "filterGroups": [{"filters": [window]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": 200,
    }
    found = client["search"].do_search(body)

    assert (len(read.results), read.num_errors) == (1, 1)
    assert read.errors[0].category == "OBJECT_NOT_FOUND"
    assert [company.id for company in found.results] == call.ids()[4:]
    assert found.total == 2


def test_batch_update(client: Any, call: Caller) -> None:
    """200, then 207 with the trace id of the refused input, then 400."""
    first, second, *_ = call.ids()

    def inputs(value: str) -> dict[str, Any]:
        return {
            "inputs": [
                {"id": first, "objectWriteTraceId": first, "properties": {"score": "1"}},
                {"id": second, "objectWriteTraceId": second, "properties": {"score": value}},
            ]
        }

    done = client["batch"].update(inputs("2"))
    partial = client["batch"].update(inputs("two"))

    assert {result.id for result in done.results} == {first, second}
    assert [result.id for result in partial.results] == [first]
    assert partial.errors[0].context == {"objectWriteTraceId": [second]}
    with pytest.raises(CompanyError) as refused:
        client["batch"].update({"inputs": [{"id": first, "properties": {"nix": "1"}}]})
    assert refused.value.status == 400


def test_properties_and_groups(client: Any) -> None:
    """Created, read, patched, refused when it exists."""
    client["groups"].create("companies", {"name": "icp_fit", "label": "ICP", "displayOrder": -1})
    body = {
        "name": "icp_score", "label": "Score", "groupName": "icp_fit",
        "type": "number", "fieldType": "number",
    }  # fmt: skip
    client["properties"].create("companies", body)

    assert client["properties"].get_by_name("companies", "icp_score").group_name == "icp_fit"
    changed = client["properties"].update("companies", "icp_score", {"label": "Fit"})
    assert changed.label == "Fit"
    assert len(client["properties"].get_all("companies").results) > 30
    with pytest.raises(PropertyError) as refused:
        client["properties"].create("companies", body)
    assert refused.value.status == 409


def test_lists(client: Any, call: Caller) -> None:
    """Posted with the trailing slash and the filter branch as it is."""
    known = {
        "filterType": "PROPERTY",
        "property": "industry",
        "operation": {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"},
    }
    both = {
        "filterBranchType": "AND", "filterBranchOperator": "AND",
        "filterBranches": [], "filters": [known],
    }  # fmt: skip
    root = {
        "filterBranchType": "OR", "filterBranchOperator": "OR",
        "filterBranches": [both], "filters": [],
    }  # fmt: skip
    body = {
        "name": "Known", "objectTypeId": "0-2", "processingType": "DYNAMIC", "filterBranch": root,
    }  # fmt: skip

    made = client["lists"].create(body)
    found = client["lists"].get_by_name("known", "0-2", include_filters=True)

    assert found.list.list_id == made.list.list_id
    assert found.list.size == 3
    assert call.control("GET", "stats")["calls"]["POST /crm/v3/lists"] == 1


def test_owners_pipelines_and_deals(client: Any, call: Caller) -> None:
    """The rest of what a reader of deals needs."""
    deals = client["deals"].get_page(limit=10, associations=["companies"])
    stages = client["pipelines"].get_all("deals").results[0].stages

    assert len(client["account"].get_page().results) == 3
    assert {link.id for link in deals.results[0].associations["companies"].results} == {
        call.ids()[0]
    }
    assert {stage.metadata["isClosed"] for stage in stages} == {"true", "false"}
