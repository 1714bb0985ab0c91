"""Triage: what a report is, where, who must act, by when. Written in the commit that settles its outbox entry."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app import incidents, nearby, search
from app.assignment import assign, decide_on, hand_over, place_said
from app.hotline import Hotline
from app.sealed import vault
from app.triage import urgency
from classifier.predict import Classifier, Prediction
from models.ticket import Happening, Ticket
from models.vocabulary import UNCLEAR_TOPIC, Channel, Status, SubmissionType, Urgency
from routing.place import Place
from routing.rules import Decision

#: A person must look before these go anywhere (law on complaints 02/2011, on denunciations 25/2018; refusal needs a
#: stated reason).
NOT_WITHOUT_A_PERSON = {
    SubmissionType.COMPLAINT: "complaint",
    SubmissionType.INVALID: "invalid",
}


def predict(classifier: Classifier | None, tickets: Sequence[Ticket]) -> list[Prediction | None]:
    """Return a prediction a ticket; None where there is no model, or where a model must not look (sealed)."""
    if classifier is None:
        return [None] * len(tickets)
    seen = [i for i, ticket in enumerate(tickets) if ticket.status is Status.RECEIVED]
    found = dict(zip(seen, classifier.predict([tickets[i].text for i in seen]), strict=True)) if seen else {}
    return [found.get(i) for i in range(len(tickets))]


def settle(hotline: Hotline, session: Session, ticket: Ticket, prediction: Prediction | None) -> None:
    """Decide on one received ticket and write it down; a ticket that has moved on meanwhile is left as it is."""
    if ticket.status is not Status.RECEIVED:
        return
    _decide(hotline, session, ticket, prediction)
    if not _sealed(ticket):
        search.keep(session, ticket)


def _sealed(ticket: Ticket) -> bool:
    return ticket.status is Status.SEALED


def _decide(hotline: Hotline, session: Session, ticket: Ticket, prediction: Prediction | None) -> None:
    now = hotline.now()
    if prediction is None:
        ticket.urgency = urgency.unread(ticket)
        ticket.transition(Status.NEEDS_REVIEW, Happening("triaged", now, data={"reason": "no_model"}))
        return
    if _suspected(ticket, prediction):
        # The gate errs towards sealing; a person releases. Nothing of the content goes into the history.
        data = {"by": "model", "model_version": prediction.model_version}
        vault.seal(hotline, session, ticket, Happening("sealed", now, data=data))
        return
    _route(hotline, session, ticket, prediction, now)


def _suspected(ticket: Ticket, prediction: Prediction) -> bool:
    """Tell whether a report is taken for a denunciation whatever its citizen calls it; a call-taker could ask."""
    asked = ticket.channel is Channel.PHONE and ticket.submission_type is not None
    return SubmissionType(prediction.submission_type) is SubmissionType.DENUNCIATION and not asked


def _route(hotline: Hotline, session: Session, ticket: Ticket, prediction: Prediction, now: datetime) -> None:
    place = find_place(hotline, ticket, now)
    thanks = _is_thanks(ticket, prediction)
    to_join = ticket.joins_id is not None and ticket.submission_type is not SubmissionType.PRAISE
    ticket.submission_type = ticket.submission_type or SubmissionType(prediction.submission_type)
    ticket.urgency = urgency.at_least(ticket, Urgency(prediction.urgency))
    if ticket.submission_type is SubmissionType.PRAISE and (to_join or ticket.urgency is not Urgency.NORMAL):
        # nobody thanks for what is dangerous, or says of thanks that they are of the same trouble as others have
        ticket.submission_type = SubmissionType.REPORT
    confirmed = ticket.topic_slug  # by a call-taker, who could ask
    ticket.topic_slug = confirmed or prediction.topic
    spot = nearby.spot_of(hotline, place, ticket.lat, ticket.lon)
    ticket.ward_code, ticket.street, ticket.cell = spot.ward, spot.street, spot.cell
    decision = decide_on(hotline, ticket, now)
    data = _evidence(prediction, place, decision) | ({"confirmed": confirmed} if confirmed else {})
    reason = _doubt(hotline, ticket, place, decision)
    if ticket.submission_type is SubmissionType.PRAISE and not thanks:
        reason = "praise"  # what only one of the two takes for thanks may be a report: it does not close by itself
    if _may_join(ticket, reason) and _joined(session, ticket, data, now):
        return
    if reason is not None:
        ticket.transition(Status.NEEDS_REVIEW, Happening("triaged", now, data={**data, "reason": reason}))
    else:
        ticket.transition(Status.ROUTED, Happening("triaged", now, data=data))
        if ticket.submission_type is SubmissionType.PRAISE:
            hand_over(session, ticket, decision, now)
            ticket.transition(Status.CLOSED, Happening("forwarded", now, data={"department": decision.lead}))
            return
        assign(hotline, session, ticket, decision, now)
    nearby.propose(hotline, session, ticket, now)
    incidents.keep_in_step(session, ticket)


def _may_join(ticket: Ticket, reason: str | None) -> bool:
    """Tell whether the filer's "same thing" may be followed: not for praise, nor before a person has looked."""
    return ticket.submission_type is not SubmissionType.PRAISE and reason not in NOT_WITHOUT_A_PERSON.values()


def _joined(session: Session, ticket: Ticket, data: dict[str, Any], now: datetime) -> bool:
    """Do what the filer said: merge the ticket into the incident it named, if that is still open by now."""
    lead = incidents.lock_open_lead(session, ticket.joins_id) if ticket.joins_id else None
    if lead is None:
        return False
    ticket.happened(Happening("triaged", now, data=data))
    incidents.join(session, ticket, lead, now)
    return True


def _is_thanks(ticket: Ticket, prediction: Prediction) -> bool:
    """Tell whether filer and model both take a report for praise."""
    return ticket.submission_type is SubmissionType.PRAISE and prediction.submission_type == SubmissionType.PRAISE


def find_place(hotline: Hotline, ticket: Ticket, now: datetime) -> Place:
    """Resolve the ward from what was typed as the place, else from the report itself, with the pin if there is one."""
    return place_said(hotline, (ticket.text, ticket.place_text), (ticket.lat, ticket.lon), now)


def _doubt(hotline: Hotline, ticket: Ticket, place: Place, decision: Decision) -> str | None:
    """Return why a person must decide, or None."""
    kind = ticket.submission_type
    if kind in NOT_WITHOUT_A_PERSON:
        return NOT_WITHOUT_A_PERSON[kind]
    if ticket.topic_slug is None or ticket.topic_slug == UNCLEAR_TOPIC:
        return "unsure_topic"
    if decision.lead == hotline.files.coordinator:
        return "unsure_place" if not place.sure else "by_rule"
    return None


def _evidence(prediction: Prediction, place: Place, decision: Decision) -> dict[str, Any]:
    """Everything a person needs later to see why, and a model to learn from the correction."""
    return {
        "topic": prediction.topic,
        "confidence": round(prediction.confidence, 4),
        "alternatives": [[a.slug, round(a.confidence, 4)] for a in prediction.alternatives],
        "submission_type": prediction.submission_type,
        "urgency": prediction.urgency,
        "because": list(prediction.because),
        "model_version": prediction.model_version,
        "wards": list(place.candidates),
        "place_sure": place.sure,
        "place_how": place.how,
        "rule": decision.rule_id,
        "rule_because": decision.because,
        "rule_because_en": decision.because_en,
        "coordinating": list(decision.coordinating),
    }
