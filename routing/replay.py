"""What another rule set would have made of tickets that are known: who would receive what, and was that better.

Pure: the same tickets and the same two cities give the same comparison.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from routing.city import City
from routing.rules import Decision, Facts, decide

#: So many tickets of each move are named.
EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket as it was routed; `ended` is the unit that took it up or answered it, if any has."""

    id: str
    facts: Facts
    ended: str | None


@dataclass(slots=True)
class Move:
    """Tickets of one topic that would go from one unit to another, by which rule and why, with a few examples.

    `right_before` and `right_after` count those that ended with the one or the other.
    """

    topic: str | None
    before: str
    after: str
    rule: str
    because: str
    n: int = 0
    right_before: int = 0
    right_after: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Replay:
    """Both rule sets on the same tickets.

    `to_coordinator` counts moves from a unit to the coordinators (they are among the changed too), `helpers` tickets
    whose lead stays and whose helpers change. Of `ended` tickets with a known end, `agreed_before` and `agreed_after`
    were or would be sent there at once; `mended` only by the new rules, `broken` only by the old ones.
    """

    tickets: int = 0
    unchanged: int = 0
    changed: int = 0
    to_coordinator: int = 0
    helpers: int = 0
    ended: int = 0
    agreed_before: int = 0
    agreed_after: int = 0
    mended: int = 0
    broken: int = 0
    moves: list[Move] = field(default_factory=list)


def replay(before: City, after: City, cases: Iterable[Case]) -> Replay:
    """Return what changes, the most frequent moves first."""
    found = Replay()
    moves: dict[tuple[str | None, str, str, str], Move] = {}
    for case in cases:
        old, new = decide(before, case.facts), decide(after, case.facts)
        _count(found, case, old, new, after.coordinator)
        if old.lead != new.lead:
            key = (case.facts.topic, old.lead, new.lead, new.rule_id)
            _add(moves.setdefault(key, Move(*key, because=new.because)), case)
    found.moves = sorted(moves.values(), key=lambda move: (-move.n, move.topic or "", move.before, move.after))
    return found


def _count(found: Replay, case: Case, old: Decision, new: Decision, coordinator: str) -> None:
    found.tickets += 1
    if old.lead == new.lead:
        found.unchanged += 1
        found.helpers += set(old.coordinating) != set(new.coordinating)
    else:
        found.changed += 1
        found.to_coordinator += new.lead == coordinator
    if case.ended is None:
        return
    right_before, right_after = old.lead == case.ended, new.lead == case.ended
    found.ended += 1
    found.agreed_before += right_before
    found.agreed_after += right_after
    found.mended += right_after and not right_before
    found.broken += right_before and not right_after


def _add(move: Move, case: Case) -> None:
    move.n += 1
    move.right_before += case.ended == move.before
    move.right_after += case.ended == move.after
    if len(move.examples) < EXAMPLES:
        move.examples.append(case.id)
