"""The ordered, dated rules that send a topic to a unit, and the words in a text that set what a rule asks for.

Source of facts: the city's `rules.yaml`. A rule book with a rule nobody can reach, an unknown unit or topic, or a topic
that could end without a unit is refused: the check walks every combination the rules can tell apart.
"""

import re
from dataclasses import dataclass
from datetime import date
from itertools import product
from math import prod
from pathlib import Path
from typing import Final

from models.vocabulary import SubmissionType, Urgency, topics
from routing.departments import Units
from routing.folding import fold, spelt
from routing.source import Block, Problems, read_yaml
from routing.wards import WardFact

#: Conditions that are not set by cues, and what they may be compared with.
BUILT_IN: Final = ("submission_type", "urgency", "ward")
_EARLIEST: Final = date(1900, 1, 1)
#: Characters of a rule's id, as the database keeps it.
_ID_MAX: Final = 120
#: Cases of one topic that are looked through, in about a second; the rules of a city of 168 wards have some hundreds.
_CASES_MAX: Final = 200_000


@dataclass(frozen=True, slots=True)
class Target:
    """A unit by id, or with `per_ward` the prefix of a unit that every ward has."""

    id: str
    per_ward: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """First match wins. `when` holds for each condition the values that satisfy it; `since` counts, `until` not."""

    id: str
    topics: frozenset[str]
    when: tuple[tuple[str, frozenset[str]], ...]
    since: date | None
    until: date | None
    lead: Target
    coordinating: tuple[Target, ...]
    because: str
    because_en: str
    line: int

    def in_force(self, day: date) -> bool:
        """Tell whether the rule applies on that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that set one attribute to one value.

    `pattern` finds them (and the phrases that mask them) in folded text. Where the text has accents they must be the
    words' own ("ngõ" is not "Ngô"); `with_accents` are those that do not count without any ("ngo" may be either).
    """

    attribute: str
    value: str
    pattern: re.Pattern[str]
    spellings: frozenset[str]
    with_accents: frozenset[str]

    def found_in(self, text: str, folded: str) -> bool:
        """Tell whether a phrase is there outside the masked ones; `text` is plain and as long as `folded`."""
        return any(
            match.lastgroup == "cue" and self._is_spelt(text[match.start() : match.end()])
            for match in self.pattern.finditer(folded)
        )

    def _is_spelt(self, phrase: str) -> bool:
        if phrase.isascii():
            return " ".join(phrase.split()) in self.spellings or fold(phrase) not in self.with_accents
        return spelt(phrase) in self.spellings


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules in order, the same by topic, and the cues by the attribute that they set."""

    ordered: tuple[Rule, ...]
    by_topic: dict[str, tuple[Rule, ...]]
    cues: dict[str, tuple[Cue, ...]]
    per_ward: tuple[str, ...]

    def attribute(self, name: str, text: str, folded: str) -> str:
        """Return what the text says about an attribute: the first cue that is found, else "unknown"."""
        for cue in self.cues.get(name, ()):
            if cue.found_in(text, folded):
                return cue.value
        return "unknown"


def read_rules(file: Path, units: Units, wards: dict[str, WardFact], problems: Problems) -> RuleBook:
    """Read a rule set and refuse what cannot be meant."""
    page = read_yaml(file.parent, file.name, problems)
    page.only("cues", "rules")
    cues = _cues(page)
    groups = _Known(units, wards, {name: frozenset(c.value for c in found) for name, found in cues.items()})
    rules: list[Rule] = []
    ids: set[str] = set()
    for block in page.blocks("rules"):
        rule = _rule(block, groups)
        if rule.id in ids:
            block.wrong(f"rule {rule.id!r} is there twice")
        ids.add(rule.id)
        rules.append(rule)
    by_topic = {slug: tuple(rule for rule in rules if slug in rule.topics) for slug in topics()}
    book = RuleBook(tuple(rules), by_topic, cues, units.per_ward)
    _check_reach(book, page)
    return book


def _cues(page: Block) -> dict[str, tuple[Cue, ...]]:
    cues: dict[str, list[Cue]] = {}
    for block in page.blocks("cues"):
        block.only("set", "to", "words", "with_accents", "unless")
        name, strict = block.text("set"), block.texts("with_accents")
        words = block.texts("words") + strict
        if not words:
            block.wrong("a cue needs words")
            continue
        if name in BUILT_IN:
            block.wrong(f"{name!r} is not set by cues")
        cues.setdefault(name, []).append(
            Cue(
                attribute=name,
                value=block.text("to"),
                pattern=_phrases(words, block.texts("unless")),
                spellings=frozenset(spelt(word) for word in words),
                with_accents=frozenset(fold(word) for word in strict),
            )
        )
    return {name: tuple(found) for name, found in cues.items()}


def _phrases(words: tuple[str, ...], unless: tuple[str, ...]) -> re.Pattern[str]:
    """Build one pattern in which masked phrases are tried first, so that what they cover does not count."""
    mask = _either(unless)
    cue = f"(?P<cue>{_either(words)})"
    body = f"(?P<mask>{mask})|{cue}" if mask else cue
    return re.compile(rf"(?<![a-z0-9])(?:{body})(?![a-z0-9])")


def _either(phrases: tuple[str, ...]) -> str:
    return "|".join(re.escape(fold(phrase)).replace(r"\ ", r"\W+") for phrase in sorted(phrases, key=len, reverse=True))


@dataclass(frozen=True)
class _Known:
    """What a rule may name."""

    units: Units
    wards: dict[str, WardFact]
    attributes: dict[str, frozenset[str]]

    def values(self, condition: str) -> frozenset[str]:
        if condition == "submission_type":
            return frozenset(SubmissionType)
        if condition == "urgency":
            return frozenset(Urgency)
        if condition == "ward":
            return frozenset(self.wards) | {"unknown"}
        return self.attributes.get(condition, frozenset()) | {"unknown"}


def _rule(block: Block, known: _Known) -> Rule:
    block.only("id", "topics", "when", "from", "until", "lead", "with", "because", "because_en", "source")
    since, until = block.day("from"), block.day("until")
    if since and until and until <= since:
        block.wrong("the rule ends before it begins")
    name, lead, helpers = block.text("id"), block.text("lead"), block.texts("with")
    if len(name) > _ID_MAX:
        block.wrong(f"the id is longer than {_ID_MAX} characters")
    if lead in helpers or len(set(helpers)) < len(helpers):
        block.wrong("a unit is named twice in `lead` and `with`")
    return Rule(
        id=name,
        topics=_topics(block),
        when=_conditions(block, known),
        since=since,
        until=until,
        lead=_target(block, lead, known.units),
        coordinating=tuple(_target(block, name, known.units) for name in helpers),
        because=block.text("because"),
        because_en=block.text("because_en"),
        line=block.line,
    )


def _topics(block: Block) -> frozenset[str]:
    written = block.texts("topics")
    if written == ("all",):
        return frozenset(topics())
    if not written:
        block.wrong("a rule needs topics, or `topics: all`")
    for slug in written:
        if slug not in topics():
            block.wrong(f"topic {slug!r} does not exist")
    if len(set(written)) < len(written):
        block.wrong("a topic is named twice")
    return frozenset(written)


def _conditions(block: Block, known: _Known) -> tuple[tuple[str, frozenset[str]], ...]:
    when = block.block("when")
    conditions = []
    for name in sorted(when.keys()):
        if name not in BUILT_IN and name not in known.attributes:
            block.wrong(f"condition {name!r} does not exist: no cue sets it")
            continue
        values = frozenset(when.texts(name))
        for value in sorted(values - known.values(name)):
            block.wrong(f"{name} is never {value!r}")
        conditions.append((name, values))
    return tuple(conditions)


def _target(block: Block, written: str, units: Units) -> Target:
    prefix, at, rest = written.partition("@")
    if at:
        if rest != "ward" or prefix not in units.per_ward:
            block.wrong(f"{written!r} is not a unit that every ward has: {', '.join(units.per_ward)}")
        return Target(prefix, per_ward=True)
    if written and written not in units.departments:
        block.wrong(f"department {written!r} does not exist")
    return Target(written, per_ward=False)


def _check_reach(book: RuleBook, page: Block) -> None:
    """Walk, topic by topic, every combination the rules can tell apart, and see who is first."""
    reached: dict[str, set[str]] = {}
    for slug, rules in book.by_topic.items():
        if _cases(rules) > _CASES_MAX:
            page.wrong(
                f"topic {slug!r}: its rules tell more than {_CASES_MAX} cases apart, which nobody can look through"
            )
            return
        if not _walk(rules, reached.setdefault(slug, set())):
            page.wrong(f"topic {slug!r} has no final rule: some reports of it would go nowhere")
    somewhere = frozenset().union(*reached.values())
    for rule in book.ordered:
        where = f"{page.file}:{rule.line}"
        if rule.id and rule.id not in somewhere:
            page.problems.add(where, f"rule {rule.id!r} can never apply: {_why_never(book, rule)}")
        elif len(rule.topics) < len(reached):  # `topics: all` is for what is left; a topic that is named is meant
            for slug in sorted(rule.topics & reached.keys()):
                if rule.id and rule.id not in reached[slug]:
                    page.problems.add(where, f"rule {rule.id!r} can never apply to {slug!r}: earlier rules take it all")


def _why_never(book: RuleBook, rule: Rule) -> str:
    twin = next((r for r in book.ordered if r.id != rule.id and _same(r, rule) and r.line < rule.line), None)
    return f"it is a duplicate of {twin.id!r}" if twin else "earlier rules take everything it asks for"


def _same(one: Rule, other: Rule) -> bool:
    return (one.topics, one.when, one.since, one.until) == (other.topics, other.when, other.since, other.until)


def _spaces(rules: tuple[Rule, ...]) -> dict[str, list[str]]:
    """Return, by condition, one value of each group of values that rules tell apart."""
    return {name: _atoms(name, rules) for name in sorted({name for rule in rules for name, _ in rule.when})}


def _days(rules: tuple[Rule, ...]) -> list[date]:
    return [_EARLIEST, *sorted({day for rule in rules for day in (rule.since, rule.until) if day})]


def _cases(rules: tuple[Rule, ...]) -> int:
    return prod(map(len, _spaces(rules).values())) * len(_days(rules))


def _walk(rules: tuple[Rule, ...], reached: set[str]) -> bool:
    """Add to `reached` every rule that some combination reaches; tell whether every combination reaches one."""
    spaces = _spaces(rules)
    complete = True
    for day in _days(rules):
        alive = [rule for rule in rules if rule.in_force(day)]
        for values in product(*spaces.values()):
            facts = dict(zip(spaces, values, strict=True))
            first = next((r for r in alive if all(facts[name] in allowed for name, allowed in r.when)), None)
            if first is None:
                complete = False
            else:
                reached.add(first.id)
    return complete


def _atoms(name: str, rules: tuple[Rule, ...]) -> list[str]:
    """Return one value for each group of values that no rule tells apart, and one that no rule names."""
    sets = [allowed for rule in rules for condition, allowed in rule.when if condition == name]
    groups: dict[tuple[bool, ...], str] = {}
    for value in sorted(frozenset().union(*sets)):
        groups.setdefault(tuple(value in allowed for allowed in sets), value)
    closed = {"submission_type": frozenset(SubmissionType), "urgency": frozenset(Urgency)}.get(name)
    rest = "" if closed is None else next(iter(sorted(closed - frozenset().union(*sets))), None)
    return [*groups.values(), *([rest] if rest is not None else [])]
