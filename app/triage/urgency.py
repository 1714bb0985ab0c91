"""How soon somebody must act, as far as words and their filer say it: with a model, without one, and after its jobs.

Apart from triage, so that the relay need not load the model's libraries.
"""

from classifier import emergency
from models.ticket import Ticket
from models.vocabulary import SubmissionType, Urgency


def at_least(ticket: Ticket, thought: Urgency) -> Urgency:
    """Return how soon somebody must act: what is filed as an emergency is one, and words of danger are never normal."""
    if ticket.submission_type is SubmissionType.EMERGENCY:
        return Urgency.EMERGENCY
    if thought is Urgency.NORMAL and emergency.danger(ticket.text):
        return Urgency.URGENT
    return thought


def unread(ticket: Ticket) -> Urgency:
    """Return how soon somebody must act where no model has read the report: words of danger are an emergency."""
    return at_least(ticket, Urgency.EMERGENCY if emergency.danger(ticket.text) else Urgency.NORMAL)
