"""A dry run reads everything and writes nothing."""

from __future__ import annotations

from connectors.base import CrmConnector
from connectors.dry_run import DryRunConnector
from connectors.memory import InMemoryCrm
from connectors.records import AccountUpdate, FieldDescription, FieldKind

FIELDS = [
    FieldDescription(name=name, label=name, kind=FieldKind.TEXT, writable=True)
    for name in ("name", "icp_tier")
]


def test_writes_are_answered_counted_and_not_sent() -> None:
    """Every update is answered as written; the CRM is untouched; only counts are kept."""
    crm = InMemoryCrm(FIELDS, {"1": {"name": "Acme"}, "2": {"name": "Beta"}})
    dry = DryRunConnector(crm)

    outcomes = dry.write(
        [AccountUpdate("1", {"icp_tier": "tier_1"}), AccountUpdate("2", {"icp_tier": ""})]
    )

    assert [(o.account_id, o.accepted) for o in outcomes] == [("1", True), ("2", True)]
    assert crm.stored("1") == {"name": "Acme"}
    assert "write" not in crm.calls.by_route
    assert (dry.would_write.updates, dry.would_write.by_field) == (2, {"icp_tier": 2})


def test_reads_are_the_inner_connectors() -> None:
    """Everything but writing passes through, as the port says."""
    crm = InMemoryCrm(FIELDS, {"1": {"name": "Acme"}})
    dry: CrmConnector = DryRunConnector(crm)

    assert [list(page) for page in dry.pages(None, ["name"])] == [
        list(page) for page in crm.pages(None, ["name"])
    ]
    assert dry.fetch(["1"], ["name"]) == crm.fetch(["1"], ["name"])
    assert dry.portal() == crm.portal()
    assert dry.fields() == crm.fields()
    assert dry.count() == 1
    assert dry.batch_size(500) == crm.batch_size(500)
    assert dry.calls is crm.calls
    assert dry.now() <= crm.now()
