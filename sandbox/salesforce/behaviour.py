"""Switches for what Salesforce does only sometimes, or what nobody has confirmed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from sandbox.salesforce.ids import to18


@dataclass(slots=True)
class Behaviour:
    """All switches of one org; ``POST /_sandbox/behaviour`` sets them by these names."""

    # -- the org
    person_accounts: bool = False
    multi_currency: bool = False
    state_country_picklists: bool = False
    firmographic_fields: bool = True  # NaicsCode, NaicsDesc, Tradestyle, YearStarted, DunsNumber
    namespace: str = ""  # of custom fields made from now on
    public_sharing: bool = False  # else who has no "View All" sees only records they own
    api_disabled: bool = False  # the edition has no API
    view_setup: bool = False  # the integration user has "View Setup and Configuration"
    customize_application: bool = True  # the set-up user may make fields
    custom_field_limit: int = 500  # per object
    picklist_value_key: str = ""  # what names values in metadata: valueName, fullName; "": either
    apex_triggers: list[str] = field(default_factory=list)  # active ones on Account
    flows: list[str] = field(default_factory=list)  # labels: an account's update starts them
    # -- fields, "Account.Industry"
    hidden_fields: list[str] = field(default_factory=list)  # nobody sees them
    read_only_fields: list[str] = field(default_factory=list)  # everybody only sees them
    # -- writing
    # {"object", "name", "message", "field", "active", "when": {field: value or null, ...}}
    validation_rules: list[dict[str, Any]] = field(default_factory=list)
    # by object, record type and field: the values of it that the record type offers
    record_type_values: dict[str, dict[str, dict[str, list[str]]]] = field(default_factory=dict)
    row_lock_chance: float = 0.0  # of a record whose ParentId others have too
    row_lock_ids: list[str] = field(default_factory=list)  # these are always locked
    flow_failures: list[str] = field(default_factory=list)  # ids whose flow fails
    flow_name: str = "Account After Save"
    flow_lock: bool = False  # the flow fails because of a locked row
    approval_locks: list[str] = field(default_factory=list)  # ids in an approval
    duplicates: list[str] = field(default_factory=list)  # ids that a duplicate rule alerts on
    broken_addresses: list[str] = field(default_factory=list)  # ids whose state is not valid
    read_only_records: list[str] = field(default_factory=list)  # ids that nobody may edit
    swallowed_records: list[str] = field(default_factory=list)  # writes answer ok and do nothing
    # by account: what a flow sets whenever the account is saved
    resets: dict[str, dict[str, str | None]] = field(default_factory=dict)
    no_op_moves_stamps: bool = True
    diary: bool = False  # remember each write to an account: GET /_sandbox/export?type=Writes
    assignment_owner: str = ""  # a rule gives written records to this user, unless told not to
    # -- Bulk
    bulk_queue_ms: int = 20
    bulk_ms_per_1000: int = 2
    fail_rows: float = 0.0  # share of the rows of an ingest job that fail
    shuffle_results: bool = True
    job_stuck: int = 0  # the n-th job from now stays InProgress until it is aborted
    job_fails_midway: int = 0  # the n-th ingest job from now fails after half its rows
    lock_parallel_chunks: bool = False  # rows of one ParentId in two chunks of 200 collide
    embedded_newlines_fail: bool = False  # a line break within quotes counts as a wrong LineEnding
    bulk_page_rows: int = 50_000  # rows of a result page where the client names no number
    bulk_offset_datetimes: bool = False  # CSV says "+0000" and not "Z"
    bulk_unfinished_412: bool = False  # results of an unfinished job: 412, as older versions did
    result_pages_prose: bool = False  # resultUrl and nextRecordUrl, as the documentation's text has
    # -- reading
    page_size: int = 2000  # rows of a query page at most
    query_timeout_rows: int = 0  # a query that looks at more rows takes too long; 0: never
    locators_expired: bool = False  # every nextRecordsUrl is too old


_START: Final = Behaviour()
_IDS: Final = frozenset(
    {
        "row_lock_ids", "flow_failures", "approval_locks", "duplicates", "broken_addresses",
        "read_only_records", "swallowed_records",
    }
)  # fmt: skip


def switch(behaviour: Behaviour, body: dict[str, Any]) -> None:
    """Set the switches that *body* names.

    Raises:
        ValueError: everything that is wrong with *body*; nothing is set then.
    """
    known = {each.name for each in fields(Behaviour)}
    problems = [
        f"{name} is unknown; known are {', '.join(sorted(known))}"
        for name in body
        if name not in known
    ]
    problems += [
        f"{name} has the wrong type"
        for name, value in body.items()
        if name in known and not (_fits(getattr(_START, name), value) and _holds(name, value))
    ]
    if problems:
        raise ValueError("; ".join(problems))
    for name, value in body.items():
        if name in _IDS:
            value = [to18(i) or i for i in value]  # noqa: PLW2901 - spelled in one way
        elif name == "resets":
            value = {to18(i) or i: fields for i, fields in value.items()}  # noqa: PLW2901 - as above
        setattr(behaviour, name, value)


def describe(behaviour: Behaviour) -> dict[str, Any]:
    """All switches as they are now."""
    return asdict(behaviour)


def _fits(example: Any, value: Any) -> bool:
    if isinstance(example, bool):
        return isinstance(value, bool)
    if isinstance(example, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(example, int):
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, type(example))


def _holds(name: str, value: Any) -> bool:
    """Whether what a list or an object holds can be used."""
    if name == "validation_rules":
        return all(isinstance(rule, dict) and _conditions(rule.get("when")) for rule in value)
    if name == "resets":
        return all(isinstance(each, dict) for each in value.values())
    if name == "record_type_values":
        return all(
            isinstance(by_field, dict) and all(isinstance(each, list) for each in by_field.values())
            for types in value.values()
            for by_field in (types.values() if isinstance(types, dict) else [None])
        )
    return not isinstance(value, list) or all(isinstance(each, str) for each in value)


def _conditions(when: Any) -> bool:
    return when is None or isinstance(when, dict)
