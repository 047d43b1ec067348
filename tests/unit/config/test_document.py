"""An ICP document is checked as a whole, and every mistake is named with its line."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.conditions import Condition, truth_of_nothing
from config.icp_document import IcpDocument
from config.loading import parse_icp
from config.problems import ConfigError

CRITERION = "  - {id: size, attribute: employees, weight: 10, at_least: 50}\n"
TIER = "  - {id: tier_1, label: Tier 1, min_score: 80}\n"


def document(
    criteria: str = CRITERION,
    tiers: str = TIER,
    disqualifiers: str = "",
    triggers: str = "",
    attributes: str = "",
    more: str = "",
) -> str:
    """Write a document of which only the named sections matter."""
    sections = {"disqualifiers": disqualifiers, "triggers": triggers, "attributes": attributes}
    text = f"icp: test\ncriteria:\n{criteria}tiers:\n{tiers}"
    return text + "".join(f"{k}:\n{v}" for k, v in sections.items() if v) + more


def refused(text: str) -> list[str]:
    """Return the problems that *text* is refused with."""
    with pytest.raises(ConfigError) as caught:
        parse_icp(text)
    return [str(problem) for problem in caught.value.problems]


def criterion(statement: str, attribute: str = "employees") -> IcpDocument:
    """Load a document whose one criterion says *statement*."""
    line = f"  - {{id: it, attribute: {attribute}, weight: 1, {statement}}}\n"
    return parse_icp(document(criteria=line))


def test_defaults() -> None:
    """What is left out is what the reference says."""
    found = parse_icp(document())

    assert (found.min_coverage, found.hysteresis, found.trigger_share) == (50, 3, 0.25)
    assert (found.stale_after, found.review_every, found.decay_write) == (30, 90, "weekly")
    assert (found.triggers, found.disqualifiers, found.segment) == ((), (), None)
    assert found.criteria[0].gap_threshold == 1
    assert found.tiers[0].max_gaps is None
    assert found.tiers[0].requires == ()


def test_last_known_values_can_be_switched_off() -> None:
    """Nought days means that an emptied field is unknown at once."""
    assert parse_icp(document(more="stale_after: 0d\n")).stale_after == 0


def test_scale_has_its_own_gap() -> None:
    """A rating of 3 of 5 is no gap unless the document says so."""
    assert criterion("scale: 5", "exec_access").criteria[0].gap_threshold == 0.5
    assert criterion("scale: 5, gap_below: 0.8", "exec_access").criteria[0].gap_threshold == 0.8


def test_every_problem_at_once_in_file_order() -> None:
    """A mistake in one place does not hide the others, not even in the same criterion."""
    text = """\
icp: Mid Market
owners: x
criteria:
  - id: size
    attribute: employees
    weight: 0
    between: [1000, 200]
  - {id: geo, attribute: contry, weight: 10, one_of: [US]}
  - {id: geo, attribute: industry, weight: 1.5, one_off: [X]}
disqualifiers:
  - id: small
    reason: Small
    when:
      all:
        - {attribute: employees, below: 20, fades_to: 10}
        - {attribute: employees, attrbute: 3}
tiers:
  - {id: tier_2, label: Second, min_score: 60, requires: [sise]}
  - {id: tier_1, label: First, min_score: 80}
segment:
"""

    assert refused(text) == [
        ('icp.yaml:1: icp: "Mid Market" is not an id. '
        "Use up to 64 lower-case letters, digits, _ and -, starting with a letter."),
        'icp.yaml:2: owners: there is no such key here. Did you mean "owner"?',
        'icp.yaml:6: criterion "size": weight: 0 is outside 1 to 1000. Use 1 to 1000.',
        ('icp.yaml:7: criterion "size": between: lower bound 1000 is above upper bound 200. '
        "Swap them."),
        ('icp.yaml:8: criterion "geo": attribute: there is no attribute "contry". '
        'Did you mean "country"? Or declare it under attributes:.'),
        'icp.yaml:9: criterion "geo": weight: 1.5 is not a whole number. Drop the decimals.',
        'icp.yaml:9: criterion "geo": one_off: there is no such key here. Did you mean "one_of"?',
        'icp.yaml:9: criterion "geo": id: "geo" is used on line 8. Give it another id.',
        ('icp.yaml:16: disqualifier "small": when.all[2].attrbute: there is no such key here. '
        'Did you mean "attribute"?'),
        ('icp.yaml:18: tier "tier_2": requires: there is no criterion "sise". '
        'Did you mean "size"?'),
        ('icp.yaml:19: tier "tier_1": min_score: 80 is above the 60 of tier "tier_2" on line 18, '
        "which would be taken first. List the tiers from best to worst."),
        "icp.yaml:20: segment: it has no value. Give it one or remove the line.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("icp: a\ntiers:\n" + TIER, "criteria: it is missing"),
        ("icp: a\ncriteria: []\ntiers:\n" + TIER, "criteria: it is empty"),
        ("icp: a\ncriteria:\n" + CRITERION, "tiers: it is missing"),
        ("icp: a\ncriteria: {a: 1}\ntiers:\n" + TIER, "criteria: a list is wanted"),
        ("icp: a\ncriteria: [3]\ntiers:\n" + TIER, "criterion 1: a mapping is wanted"),
        (document(more="reviewed: 1.10.2026\n"), 'reviewed: "1.10.2026" is not a date'),
        (document(more="hysteresis: 51\n"), "hysteresis: 51 is outside 0 to 50"),
        (document(more="trigger_share: 25%\n"), 'trigger_share: "25%" is not a number'),
        (document(more="stale_after: 30\n"), "stale_after: 30 is not a duration"),
        (document(more="review_every: 0d\n"), 'review_every: "0d" is not a useful duration'),
        (document(more="decay_write: hourly\n"), "Use daily, weekly or monthly"),
        (document(more="override_beats_disqualifier: yes\n"), "neither true nor false"),
        (document(more="min_coverage: .nan\n"), "min_coverage: nan is not a number"),
        (document(more="groups: {A: ['group:EU']}\n"), 'group "A": a group cannot hold another'),
        (document(more="5: x\n"), '"5" is no key here'),
    ],
)
def test_wrong_documents(text: str, words: str) -> None:
    """Missing sections and wrong kinds of value are said in an operator's words."""
    [problem] = refused(text)

    assert words in problem


@pytest.mark.parametrize(
    ("tiers", "words"),
    [
        (TIER + "  - {id: disqualified, label: X, min_score: 1}\n", "an outcome of its own"),
        (TIER + "  - {id: t, label: needs data, min_score: 1}\n", 'the outcome "Needs data"'),
        (TIER + "  - {id: t, label: tier 1, min_score: 1}\n", 'the tier "tier_1"'),
        (TIER + "  - {id: tier_1, label: B, min_score: 1}\n", "is used on line"),
        ("  - {id: t, label: a;b, min_score: 1}\n", "cannot contain a semicolon"),
        ("  - {id: t, min_score: 101}\n", "101 is outside 0 to 100"),
        ("  - {id: t}\n", "min_score: it is missing"),
        ("  - {id: t, min_score: 1, max_gaps: -1}\n", "-1 is outside 0 to 1000"),
    ],
)
def test_wrong_tiers(tiers: str, words: str) -> None:
    """Tiers cannot be mistaken for each other or for the outcomes that are no tier."""
    assert any(words in line for line in refused(document(tiers=tiers)))


def test_equal_scores_are_no_wrong_order() -> None:
    """Two tiers may share a score and differ in what else they ask."""
    parse_icp(document(tiers=TIER + "  - {id: tier_2, label: Tier 2, min_score: 80}\n"))


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ("attribute: employees, below: 5, strength: 9", "below: a trigger is something that is"),
        ("attribute: is_public, is: false, strength: 9", "is: a trigger is something that is"),
        ("attribute: technologies, none_of: [a], strength: 9", "none_of: a trigger"),
        ("attribute: account_type, not_in: [a], strength: 9", "not_in: a trigger"),
        ("attribute: exec_access, scale: 5, strength: 9", "scale: a trigger"),
        ("attribute: employees, at_least: 5, strength: 101", "101 is outside 1 to 100"),
        ("attribute: employees, at_least: 5, strength: 9, weight: 3", "weight: there is no such"),
    ],
)
def test_triggers_are_presences(trigger: str, words: str) -> None:
    """What the absence of something would satisfy says nothing about now."""
    [problem] = refused(document(triggers=f"  - {{id: t, {trigger}}}\n"))

    assert words in problem


@pytest.mark.parametrize(
    "trigger",
    ["last_funding_date, within: 180d, half_life: 90d", "last_funding_date, half_life: 12w",
     "contract_end, upcoming: 90d", "open_roles, at_least: 3, fades_to: 1",
     "technologies, any_of: [a]", "is_public, is: true", "description, mentions: [expansion]"],
)  # fmt: skip
def test_presences_are_accepted(trigger: str) -> None:
    """Dates, counts, list items, flags and words can all be signals."""
    parse_icp(document(triggers=f"  - {{id: t, attribute: {trigger}, strength: 50}}\n"))


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("{attribute: employees, unknown: true}", "nothing is known"),
        ("{not: {attribute: employees, known: true}}", "nothing is known"),
        (
            "{any: [{attribute: country, one_of: [RU]}, {attribute: domain, unknown: true}]}",
            "nothing is known",
        ),
        ("{attribute: employees, known: false}", "when.known"),
        ("{attribute: employees, below: 9, any: [{attribute: name, known: true}]}",
         "cannot stand together"),
        ("{all: []}", "when.all: it is empty"),
        ("{below: 3}", "the attribute is missing"),
        ("{}", "the attribute is missing"),
        ("[{attribute: employees, below: 9}]", "a mapping is wanted"),
        ("{attribute: exec_access, scale: 5}", "no partial credit"),
        ("{attribute: first_name, one_of: [Ann]}", "describes a person"),
    ],
)  # fmt: skip
def test_wrong_conditions(when: str, words: str) -> None:
    """A disqualifier needs evidence, in a shape that is true or false."""
    problems = refused(document(disqualifiers=f"  - {{id: d, reason: R, when: {when}}}\n"))

    assert any(words in line and 'disqualifier "d"' in line for line in problems)


def test_unknown_beside_evidence_is_fine() -> None:
    """A condition may ask for an empty field as long as something is known as well."""
    when = "{all: [{attribute: country, one_of: [RU]}, {attribute: domain, unknown: true}]}"
    parse_icp(document(disqualifiers=f"  - {{id: d, reason: R, when: {when}}}\n"))


@given(
    st.recursive(
        st.sampled_from(
            [{"attribute": "a", "known": True}, {"attribute": "a", "unknown": True},
             {"attribute": "a", "below": 1}]
        ),
        lambda parts: st.one_of(
            st.builds(lambda part: {"not": part}, parts),
            st.builds(lambda found: {"all": found}, st.lists(parts, min_size=1, max_size=3)),
            st.builds(lambda found: {"any": found}, st.lists(parts, min_size=1, max_size=3)),
        ),
        max_leaves=8,
    )
)  # fmt: skip
def test_three_values_obey_de_morgan(written: dict[str, object]) -> None:
    """Negating a condition and swapping all and any inside it changes nothing."""

    def turned(part: dict[str, object]) -> dict[str, object]:
        for key, other in (("all", "any"), ("any", "all")):
            inner = part.get(key)
            if isinstance(inner, list):
                return {other: [turned(item) for item in inner]}
        return {"not": part}

    def truth(part: dict[str, object]) -> bool | None:
        return truth_of_nothing(Condition.model_validate(part))

    assert truth({"not": written}) == truth(turned(written))


def test_own_attributes_and_groups() -> None:
    """A document adds attributes and groups, and changes those of the catalogue."""
    found = parse_icp(document(
        criteria="  - {id: it, attribute: grade, weight: 1, one_of: ['group:TOP']}\n",
        attributes="  grade: {type: category, hubspot: grade, values: [gold, tin], "
        "aliases: {au: gold}, column: Grade}\n"
        "  plan: {type: category, order: [free, team, pro]}\n"
        "  industry: {hubspot: sector, label: Sector}\n",
        more="groups: {TOP: [gold], EU: [DE]}\n",
    ))  # fmt: skip

    specs = found.attribute_specs()
    assert (specs["grade"].hubspot, specs["grade"].headers) == ("grade", ("Grade",))
    assert (specs["grade"].closed, specs["grade"].aliases["au"]) == (True, "gold")
    assert specs["plan"].order == ("free", "team", "pro")
    assert (specs["industry"].hubspot, specs["industry"].label) == ("sector", "Sector")
    assert specs["industry"].vocabulary == "industries"
    assert found.members("TOP") == ("gold",)
    assert found.members("EU") == ("DE",)
    assert "SE" in (found.members("NORDICS") or ())
    assert found.used_attributes() == ("grade",)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("first_name: {type: text}", "describes a person"),
        ("score: {type: number, hubspot: jobtitle}", "describes a person"),
        ("score: {type: number, salesforce: Owner.Manager.Size__c}", "more than one lookup"),
        ("score: {type: number, salesforce: Fit Score}", "cannot be the API name"),
        ("thing: {label: X}", "its type is missing"),
        ("emploees: {label: X}", 'Did you mean "employees"'),
        ("thing: {type: numbr}", "Use text, category, number"),
        ("thing: {type: number, order: [a, b]}", "order: it means nothing for the type number"),
        ("thing: {type: text, complete: false}", "complete: it means nothing"),
        ("thing: {type: stage}", "a stage needs its values in order"),
        ("thing: {type: money, currency: dollars}", "is not a currency code"),
        ("thing: {type: category, vocabulary: industry}", 'Did you mean "industries"'),
        ("thing: {type: category, values: [a], aliases: {x: b}}", "not in the list"),
        ("thing: {type: category, values: [a], order: [a, b]}", '"b" is not in values'),
        ("thing: {type: category, values: [a, a]}", "is listed twice"),
    ],
)
def test_wrong_attributes(entry: str, words: str) -> None:
    """What an attribute cannot have is named, and those of persons are refused."""
    [problem] = refused(document(attributes=f"  {entry}\n"))

    assert words in problem
    assert 'attribute "' in problem


@pytest.mark.parametrize("name", ["company_title", "employees", "contract_end", "exec_access",
                                  "email_provider", "mobile_app_users"])  # fmt: skip
def test_facts_of_companies_are_not_mistaken_for_persons(name: str) -> None:
    """Only what plainly belongs to a person is refused."""
    type_ = "{type: text}" if name not in {"employees", "contract_end", "exec_access"} else "{}"
    parse_icp(document(attributes=f"  {name}: {type_}\n"))


def test_review_becomes_overdue() -> None:
    """A profile is due when its last review is longer ago than it says, or there was none."""
    found = parse_icp(document(more="reviewed: 2026-10-01\nreview_every: 30d\n"))

    assert not found.review_overdue(date(2026, 10, 31))
    assert found.review_overdue(date(2026, 11, 1))
    assert parse_icp(document()).review_overdue(date(2026, 11, 1))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (document(more="min_coverage: 66.6\n"), "min_coverage"),
        (document(tiers=TIER.replace("}", ", min_coverage: 66.6}")), "min_coverage"),
        (document(tiers=TIER.replace("}", ", min_trigger: 30.5}")), "min_trigger"),
    ],
)
def test_percentages_that_people_see_whole_are_whole(text: str, where: str) -> None:
    """Coverage and trigger strength are whole in the CRM, so no half of one can be asked for."""
    assert [where in problem and "not a whole number" in problem for problem in refused(text)] == [
        True
    ]
