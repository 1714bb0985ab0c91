"""Which unit acts on a report: the first rule in force whose conditions hold, with its reason in plain Vietnamese.

Pure: the same facts and the same city give the same decision. The rules themselves are the city's `rules.yaml`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from models.vocabulary import UNCLEAR_TOPIC, SubmissionType, Urgency
from routing.city import City
from routing.departments import standing_in
from routing.folding import both_forms
from routing.rulebook import BUILT_IN, Rule, Target

#: More words than these do not make a report's subject clearer, and a text may be of any length.
_READ: Final = 4000
_EMERGENCY: Final = Urgency.EMERGENCY.value


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a report when it is routed. `ward` is a ward code, only when it is sure."""

    topic: str | None
    ward: str | None
    submission_type: str
    urgency: str
    text: str
    on_date: date


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule that was looked at; `why_not` names the first condition that did not hold, empty when it matched."""

    rule_id: str
    matched: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Who leads, who helps, by which rule and why; `tried` is every rule looked at, in order."""

    lead: str
    coordinating: tuple[str, ...]
    rule_id: str
    because: str
    because_en: str
    tried: tuple[Tried, ...]


def decide(city: City, facts: Facts) -> Decision:
    """Return the decision of the first rule that matches; what no unit can take goes to the coordinator.

    A topic nobody knows is treated as unclear. A rule that asks for a unit of an unknown ward goes
    to the coordinator too: a wrong ward is worse than a question.
    """
    known = _Known(city, facts)
    tried: list[Tried] = []
    for rule in _rules_of(city, facts):
        why_not = _why_not(rule, known)
        tried.append(Tried(rule.id, not why_not, why_not))
        if not why_not:
            return _by(city, facts, rule, tuple(tried))
    raise LookupError(f"no rule for topic {facts.topic!r}; the rule book was not checked")


def candidates(city: City, facts: Facts) -> tuple[Decision, ...]:
    """Return every decision that the rules could come to if the text had said otherwise, in the rules' order.

    What the report is, how urgent and where is taken as known; who owns the road or drain is what a text seldom
    tells and a unit knows. Decisions that leave it to a coordinator are none; each lead is there once.
    """
    known = _Known(city, facts)
    found: dict[str, Decision] = {}
    for rule in _rules_of(city, facts):
        asks_text = any(name not in BUILT_IN for name, _ in rule.when)
        if not rule.in_force(facts.on_date) or not _holds_so_far(rule, known):
            continue
        decision = _by(city, facts, rule, ())
        if decision.lead != city.coordinator:
            found.setdefault(decision.lead, decision)
        if not asks_text:
            break  # it takes all that is left, whatever the text says
    return tuple(found.values())


def _holds_so_far(rule: Rule, known: "_Known") -> bool:
    return all(known.value(name) in allowed for name, allowed in rule.when if name in BUILT_IN)


def _rules_of(city: City, facts: Facts) -> tuple[Rule, ...]:
    return city.rules.by_topic[facts.topic if facts.topic in city.rules.by_topic else UNCLEAR_TOPIC]


class _Known:
    """The values that conditions compare with; what the text says is looked up only when a rule asks."""

    def __init__(self, city: City, facts: Facts) -> None:
        self.facts = facts
        self._book = city.rules
        self._text = ""
        self._folded: str | None = None
        self._values = {
            "submission_type": facts.submission_type,
            "urgency": _EMERGENCY if facts.submission_type == SubmissionType.EMERGENCY else facts.urgency,
            "ward": facts.ward if facts.ward in city.wards else "unknown",
        }

    def value(self, name: str) -> str:
        found = self._values.get(name)
        if found is None:
            if self._folded is None:
                self._text, self._folded = both_forms(self.facts.text[:_READ])
            found = self._values[name] = self._book.attribute(name, self._text, self._folded)
        return found


def _why_not(rule: Rule, known: _Known) -> str:
    if not rule.in_force(known.facts.on_date):
        return "ngoài thời gian áp dụng"
    for name, allowed in rule.when:
        value = known.value(name)
        if value not in allowed:
            return f"{name}={value}"
    return ""


def _by(city: City, facts: Facts, rule: Rule, tried: tuple[Tried, ...]) -> Decision:
    lead = _unit(city, facts, rule.lead)
    if lead is None:
        return _to_coordinator(city, facts, rule, tried)
    helpers: list[str] = []
    for target in rule.coordinating:
        unit = _unit(city, facts, target)
        if unit is not None and unit != lead and unit not in helpers:
            helpers.append(unit)
    return Decision(lead, tuple(helpers), rule.id, rule.because, rule.because_en, tried)


def _unit(city: City, facts: Facts, target: Target) -> str | None:
    """Return the unit that acts on that day: where one is gone its successor, where one is not yet who is above it."""
    name = target.id
    if target.per_ward:
        if facts.ward not in city.wards:
            return None
        name = f"{target.id}-{facts.ward}"
    return standing_in(city.departments, name, facts.on_date)


_NO_WARD: Final = (
    "chưa xác định được phường/xã nên chuyển điều phối viên",
    "the ward is not known, so a coordinator decides",
)
_NO_UNIT: Final = (
    "đơn vị này không còn hoạt động nên chuyển điều phối viên",
    "that unit is not active, so a coordinator decides",
)


def _to_coordinator(city: City, facts: Facts, rule: Rule, tried: tuple[Tried, ...]) -> Decision:
    missing, missing_en = _NO_WARD if rule.lead.per_ward and facts.ward not in city.wards else _NO_UNIT
    return Decision(
        lead=city.coordinator,
        coordinating=(),
        rule_id=rule.id,
        because=f"{rule.because.rstrip('.')}; {missing}.",
        because_en=f"{rule.because_en.rstrip('.')}; {missing_en}.",
        tried=tried,
    )
