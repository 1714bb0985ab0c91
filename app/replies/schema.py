"""What a person says of a reply template, checked field by field."""

from dataclasses import dataclass

from app.problems import Problem, Refused
from app.replies.fields import FIELDS, unknown_fields
from app.words import words_of
from models.reply import TITLE_MAX
from models.vocabulary import Status

#: Where a ticket goes by a reply: what units say, and what coordinators say.
BY_UNITS = (Status.ANSWERED, Status.INFO_REQUESTED)
BY_COORDINATORS = (Status.REJECTED, Status.REFERRED)
BODY_MAX = 4000


@dataclass(frozen=True)
class Draft:
    """A template as it is typed; no topic fits any."""

    title: str
    body: str
    status: Status
    topic_slug: str | None = None


def draft(title: str, body: str, status: str, topic_slug: str) -> Draft:
    """Return a checked template; raise `Refused` with every bad field, an unknown field in braces among them."""
    problems: list[Problem] = []
    words = {"title": title, "body": body}
    for field, most in (("title", TITLE_MAX), ("body", BODY_MAX)):
        try:
            words[field] = words_of(field, words[field], most)
        except Refused as refused:
            problems += refused.problems
    unknown = unknown_fields(body)
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        problems.append(Problem("body", "unknown_placeholder", {"name": unknown[0][:40], "known": known}))
    allowed = {one.value: one for one in (*BY_UNITS, *BY_COORDINATORS)}
    if status not in allowed:
        problems.append(Problem("status", "not_one_of", {"expected": ", ".join(allowed)}))
    if problems:
        raise Refused(problems)
    return Draft(" ".join(words["title"].split()), words["body"], allowed[status], topic_slug or None)
