"""What a call-taker is told while typing: topic, unit, deadline, danger, what is known near by, what is left to ask."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app import nearby
from app.hotline import Hotline
from app.incidents import SHARED_TYPES
from app.nearby import Neighbour
from app.problems import Refused
from app.suggest.schema import Draft, parse_draft
from app.suggest.service import Guess, Prospect, Suggestion, prospect, suggest
from classifier import emergency
from classifier.predict import Classifier
from models.vocabulary import SubmissionType, TopicFact, topics
from routing.questions import Question
from routing.wards import WardFact

#: Neighbours that have a key of their own.
NEIGHBOURS: Final = 3


@dataclass(frozen=True)
class Look:
    """What the boxes beside the text show. `topic` is the confirmed one, else the first guess; `incident` the joined.

    `sealed` is whether the caller denounces somebody, `maybe_sealed` whether only the machine thinks so: either way the
    words are compared with nothing. Without a model (`resting`) there is danger, neighbours and the script, no more.
    """

    guesses: tuple[Guess, ...] = ()
    confirmed: str | None = None
    topic: TopicFact | None = None
    numbers: tuple[str, ...] = ()
    transferred: tuple[str, ...] = ()
    kind: SubmissionType | None = None
    sealed: bool = False
    maybe_sealed: bool = False
    wards: tuple[WardFact, ...] = ()
    place_sure: bool = False
    prospect: Prospect | None = None
    neighbours: tuple[Neighbour, ...] = ()
    incident: str | None = None
    questions: tuple[Question, ...] = ()
    resting: bool = False

    @property
    def due_at(self) -> datetime | None:
        """Until when the unit has to answer."""
        return self.prospect.due_at if self.prospect else None


def look(hotline: Hotline, classifier: Classifier | None, fields: Mapping[str, str]) -> Look:
    """Return what is to be seen of a draft as it stands. Keeps nothing; what cannot be had is left out."""
    declared = _kind(fields.get("submission_type"))
    sealed = declared is SubmissionType.DENUNCIATION
    draft = _draft(fields)
    seen = suggest(hotline, classifier, draft) if classifier is not None and draft is not None else None
    if seen is not None and declared is not None:
        seen = dataclasses.replace(seen, kind=declared)
    maybe = seen is not None and seen.kind is SubmissionType.DENUNCIATION and not sealed
    confirmed = fields.get("topic") if fields.get("topic") in topics() else None
    topic = topics().get(confirmed or _first(seen))
    compared = draft is not None and not sealed and not maybe and declared in {None, *SHARED_TYPES}
    return Look(
        guesses=seen.guesses if seen else (),
        confirmed=confirmed,
        topic=topic,
        numbers=seen.numbers if seen else emergency.danger(fields.get("text", "")),
        transferred=tuple(fields.get("transferred", "").split()),
        kind=seen.kind if seen else declared,
        sealed=sealed,
        maybe_sealed=maybe,
        wards=seen.wards if seen else (),
        place_sure=seen.place_sure if seen else False,
        prospect=None if sealed or seen is None or draft is None else prospect(hotline, draft, seen, confirmed),
        neighbours=_near(hotline, draft) if compared and draft is not None else (),
        incident=fields.get("incident"),
        questions=_questions(hotline, fields, topic, seen),
        resting=classifier is None,
    )


def _draft(fields: Mapping[str, str]) -> Draft | None:
    """Return what can be looked at; None of nothing, and of what filing would refuse."""
    try:
        return parse_draft({"text": fields.get("text", ""), "place": fields.get("place_text")})
    except Refused:
        return None


def _kind(typed: str | None) -> SubmissionType | None:
    return SubmissionType(typed) if typed in set(SubmissionType) else None


def _first(seen: Suggestion | None) -> str:
    return seen.guesses[0].topic.slug if seen is not None and seen.guesses else ""


def _questions(
    hotline: Hotline, fields: Mapping[str, str], topic: TopicFact | None, seen: Suggestion | None
) -> tuple[Question, ...]:
    said = " ".join((fields.get("text", ""), fields.get("place_text", "")))
    return hotline.files.questions.still_open(
        topic.slug if topic else None,
        said,
        place_known=seen is not None and seen.place_sure,
        asked=fields.get("asked", "").split(),
    )


def _near(hotline: Hotline, draft: Draft) -> tuple[Neighbour, ...]:
    found = nearby.worth_asking(hotline, draft.text, draft.place, draft.latitude, draft.longitude)
    return tuple(found[:NEIGHBOURS])
