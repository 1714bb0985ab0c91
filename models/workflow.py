"""The life of a ticket as data. `models.ticket.Ticket.transition` is the only reader that writes."""

from types import MappingProxyType
from typing import Final

from models.vocabulary import Status

S = Status

ALLOWED: Final = MappingProxyType(
    {
        S.RECEIVED: frozenset({S.NEEDS_REVIEW, S.ROUTED, S.SEALED, S.REFERRED, S.REJECTED, S.MERGED}),
        S.NEEDS_REVIEW: frozenset({S.ROUTED, S.SEALED, S.REFERRED, S.REJECTED, S.MERGED, S.ANSWERED}),
        S.ROUTED: frozenset({S.IN_PROGRESS, S.RETURNED, S.CLOSED, S.MERGED}),
        S.RETURNED: frozenset({S.ROUTED, S.NEEDS_REVIEW, S.REFERRED, S.SEALED, S.MERGED}),
        S.IN_PROGRESS: frozenset({S.INFO_REQUESTED, S.RETURNED, S.ANSWERED, S.REFERRED, S.MERGED}),
        S.INFO_REQUESTED: frozenset({S.IN_PROGRESS, S.MERGED}),
        S.ANSWERED: frozenset({S.CLOSED, S.REOPENED}),
        S.REOPENED: frozenset({S.ROUTED, S.IN_PROGRESS, S.REFERRED, S.REJECTED, S.SEALED, S.MERGED}),
        S.REJECTED: frozenset({S.REOPENED}),
        S.REFERRED: frozenset({S.REOPENED}),
        S.SEALED: frozenset({S.REFERRED, S.NEEDS_REVIEW}),
        # A merged ticket follows its incident until somebody splits it off, or it has to lead.
        S.MERGED: frozenset({S.NEEDS_REVIEW}),
        # A closed one rests, but for others who reported the same and say that it is not done.
        S.CLOSED: frozenset({S.REOPENED}),
    }
)

#: A coordinator's queue: nobody else will act on these.
AWAITS_COORDINATOR: Final = frozenset({S.NEEDS_REVIEW, S.RETURNED})

#: A department's queue: somebody there has to act.
AWAITS_DEPARTMENT: Final = frozenset({S.ROUTED, S.IN_PROGRESS, S.INFO_REQUESTED, S.REOPENED})

#: What a department has answered: its citizen has the word, or has had it.
DONE: Final = frozenset({S.ANSWERED, S.CLOSED})

#: Somebody will still act: only these take others in, or can be merged into another.
OPEN: Final = AWAITS_COORDINATOR | AWAITS_DEPARTMENT

#: Open311's coarse word for each status: the citizen has a final word, or has not.
SETTLED: Final = frozenset({S.CLOSED, S.REJECTED, S.REFERRED, S.MERGED, S.ANSWERED})


def allowed(here: S, there: S) -> bool:
    """Tell whether the table lets a ticket move from `here` to `there`."""
    return there in ALLOWED[here]
