"""What a report would be taken for if it were filed as it stands: the same model, place and rules as at triage."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.assignment import local_date, place_said
from app.hotline import Hotline
from app.suggest.schema import Draft
from classifier import emergency
from classifier.predict import Classifier, Prediction
from models.vocabulary import UNCLEAR_TOPIC, DeadlineKind, SubmissionType, TopicFact, Urgency, topics
from routing.deadlines import due_dates
from routing.departments import DepartmentFact
from routing.rules import Facts, decide
from routing.wards import WardFact

#: A topic below this is no guess that anybody should read.
WORTH_SHOWING: Final = 0.02
#: Wards named where the place is not sure.
WARDS_SHOWN: Final = 3


@dataclass(frozen=True)
class Guess:
    """A topic that the words may be about, how often such guesses are right, and the words that speak for it."""

    topic: TopicFact
    confidence: float
    because: tuple[str, ...]


@dataclass(frozen=True)
class Suggestion:
    """What the words would be taken for.

    `sure` is whether the machine would route by the first topic without asking; `numbers` are whom to call now, none
    where nothing is dangerous; `wards` are the wards the place may be, best first, one only where `place_sure`.
    """

    guesses: tuple[Guess, ...]
    sure: bool
    urgency: Urgency
    numbers: tuple[str, ...]
    kind: SubmissionType
    wards: tuple[WardFact, ...]
    place_sure: bool


@dataclass(frozen=True)
class Prospect:
    """Who would get it, why, and until when they would have to answer; no day for what has limits in law alone."""

    unit: DepartmentFact
    because: str
    because_en: str
    due_at: datetime | None


def suggest(hotline: Hotline, classifier: Classifier, draft: Draft) -> Suggestion:
    """Return what a draft would be taken for. Asks no database, keeps nothing, takes a few milliseconds."""
    prediction = classifier.predict([draft.text])[0]
    urgency, numbers = _urgency(draft.text, prediction)
    place = place_said(hotline, (draft.text, draft.place), (draft.latitude, draft.longitude), hotline.now())
    shown = place.candidates[: 1 if place.sure else WARDS_SHOWN]
    return Suggestion(
        guesses=tuple(
            Guess(topics()[other.slug], other.confidence, classifier.because(draft.text, other.slug))
            for other in prediction.alternatives
            if other.confidence >= WORTH_SHOWING and other.slug != UNCLEAR_TOPIC
        ),
        sure=prediction.topic not in {None, UNCLEAR_TOPIC},
        urgency=urgency,
        numbers=numbers,
        kind=SubmissionType(prediction.submission_type),
        wards=tuple(hotline.files.wards[code] for code in shown),
        place_sure=place.sure,
    )


def _urgency(text: str, prediction: Prediction) -> tuple[Urgency, tuple[str, ...]]:
    """Return how soon somebody must act, and the numbers: words of danger are never normal, as at triage."""
    urgency, danger = Urgency(prediction.urgency), emergency.danger(text)
    if urgency is Urgency.EMERGENCY:
        return urgency, prediction.emergency_numbers
    return (Urgency.URGENT if danger else urgency), danger


def prospect(hotline: Hotline, draft: Draft, seen: Suggestion, topic: str | None = None) -> Prospect | None:
    """Return which unit would get a draft under its first topic, or the one that a person chose, and until when.

    For staff: it reads units and calendar as they are in force from the database. None where no topic is known yet.
    """
    chosen = topic or (seen.guesses[0].topic.slug if seen.guesses else None)
    if chosen is None:
        return None
    now = hotline.now()
    with hotline.database.reading() as session:
        city = hotline.city_in_force(session)
    facts = Facts(
        topic=chosen,
        ward=seen.wards[0].code if seen.place_sure else None,
        submission_type=seen.kind.value,
        urgency=seen.urgency.value,
        text=" ".join(filter(None, (draft.text, draft.place))),
        on_date=local_date(hotline, now),
    )
    decision = decide(city, facts)
    unit = city.unit(decision.lead, facts.on_date)
    if unit is None:
        return None
    dues = due_dates(city, topic=chosen, urgency=facts.urgency, submission_type=facts.submission_type, received_at=now)
    due_at = next((due.due_at for due in dues if due.kind is DeadlineKind.RESOLVE), None)
    return Prospect(unit, decision.because, decision.because_en, due_at)
