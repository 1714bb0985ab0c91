"""The words of the domain as closed sets, free of any library: everything may import this module.

Topics are data (`models/data/topics.yaml`), because a city may add some; the enumerations here are law of the program.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

import yaml


class Status(StrEnum):
    """Where a ticket stands; the allowed moves are in `models.workflow.ALLOWED`."""

    RECEIVED = "received"
    NEEDS_REVIEW = "needs_review"
    ROUTED = "routed"
    RETURNED = "returned"
    IN_PROGRESS = "in_progress"
    INFO_REQUESTED = "info_requested"
    ANSWERED = "answered"
    REOPENED = "reopened"
    CLOSED = "closed"
    REJECTED = "rejected"
    REFERRED = "referred"
    MERGED = "merged"
    SEALED = "sealed"


class SubmissionType(StrEnum):
    """What a report legally is, whatever its topic (facts: law on complaints, on denunciations, decree 20/2008)."""

    REPORT = "phan-anh"
    SUGGESTION = "kien-nghi"
    COMPLAINT = "khieu-nai"
    DENUNCIATION = "to-cao"
    QUESTION = "hoi-dap"
    PRAISE = "khen-ngoi"
    EMERGENCY = "khan-cap"
    INVALID = "rac"


class Purpose(StrEnum):
    """What somebody may use a citizen's contact for (law 91/2025/QH15: consent is to a stated purpose)."""

    ANSWER = "answer"


class ErasureCause(StrEnum):
    """Why personal data went: its time was over, its citizen asked with their code, or a person asked the hotline."""

    RETENTION = "retention"
    CITIZEN = "citizen"
    REQUEST = "request"


class Urgency(StrEnum):
    """How soon somebody must act: `EMERGENCY` is life or property in danger now."""

    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class RefusalReason(StrEnum):
    """Why a report is refused; the words beside it say the rest."""

    ABUSE = "abuse"
    ADVERTISING = "advertising"
    EMPTY = "empty"
    OUT_OF_AREA = "out_of_area"
    OTHER = "other"


class Channel(StrEnum):
    """How a report came in."""

    WEB = "web"
    PHONE = "phone"
    API = "api"


class Role(StrEnum):
    """What an account is for; a person has one role."""

    CALL_TAKER = "call_taker"
    COORDINATOR = "coordinator"
    HANDLER = "handler"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"


class AssignmentKind(StrEnum):
    """A lead department answers the citizen; a co-ordinating one helps."""

    LEAD = "lead"
    COORDINATING = "coordinating"


class DeadlineKind(StrEnum):
    """What has to have happened by `due_at`."""

    ACK = "ack"
    FIRST_ACTION = "first_action"
    RESOLVE = "resolve"


class Clock(StrEnum):
    """Which time counts towards a deadline."""

    ALWAYS = "always"
    WORKING = "working"


class NoticeStage(StrEnum):
    """How far a deadline was when staff were told; in the order in which the stages come."""

    HALF = "half"
    MOST = "most"
    DUE = "due"
    ABOVE = "above"
    EXTENSION = "extension"


class NoticeAudience(StrEnum):
    """Whom a notice is for: people of the ticket's unit, of it and the unit above, or coordinators."""

    HANDLERS = "handlers"
    SUPERVISORS = "supervisors"
    COORDINATORS = "coordinators"
    CLEARED = "cleared"


class ExtensionState(StrEnum):
    """What became of a unit's wish for more time."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class DepartmentKind(StrEnum):
    """What sort of unit a department is; wards are departments too."""

    WARD = "ward"
    WARD_POLICE = "ward_police"
    WARD_SERVICE_CENTRE = "ward_service_centre"
    CITY = "city"
    CENTRE = "centre"
    UTILITY = "utility"
    POLICE = "police"
    CENTRAL = "central"
    HOTLINE = "hotline"


class UnitChangeKind(StrEnum):
    """What a line of the book of units says."""

    STATE = "state"
    CLOSED = "closed"
    UNDONE = "undone"


class UnitChangeOrigin(StrEnum):
    """Who wrote a line of the book of units: the city's own files, an administrator on the web, an imported file."""

    SEED = "seed"
    WEB = "web"
    FILE = "file"


@dataclass(frozen=True)
class TopicFact:
    """One topic of the taxonomy: `slug` is stored, `vi` and `en` are shown."""

    slug: str
    group: str
    vi: str
    en: str
    definition: str
    emergency_advice: str | None = None


@dataclass(frozen=True)
class TopicGroup:
    """A family of topics."""

    slug: str
    vi: str
    en: str
    topics: tuple[TopicFact, ...]


UNCLEAR_TOPIC: Final = "other-unclear"


@cache
def topic_groups() -> tuple[TopicGroup, ...]:
    """Return the taxonomy in its written order; `KeyError` names a missing field."""
    raw = yaml.safe_load(files("models").joinpath("data/topics.yaml").read_text("utf-8"))
    return tuple(
        TopicGroup(
            slug=group["slug"],
            vi=group["vi"],
            en=group["en"],
            topics=tuple(
                TopicFact(t["slug"], group["slug"], t["vi"], t["en"], t["definition"], t.get("emergency_advice"))
                for t in group["topics"]
            ),
        )
        for group in raw["groups"]
    )


@cache
def topics() -> dict[str, TopicFact]:
    """Return every topic by its slug, in the taxonomy's order."""
    return {topic.slug: topic for group in topic_groups() for topic in group.topics}
