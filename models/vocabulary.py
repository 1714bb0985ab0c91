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


class Outcome(StrEnum):
    """How a report stands in public figures: somebody has it, it was answered, or it is not for the city."""

    OPEN = "open"
    ANSWERED = "answered"
    ELSEWHERE = "elsewhere"


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


class Scope(StrEnum):
    """What a bearer token may be used for; a token has some of these, and its account's rights bound each."""

    READ = "read"
    WORK = "work"
    SEALED = "sealed"
    FILE = "file"
    CALLS = "calls"
    METRICS = "metrics"


class LoginMethod(StrEnum):
    """By what a person came in."""

    PASSWORD = "password"  # noqa: S105 - a word
    INVITATION = "invitation"
    OIDC = "oidc"


class AuditKind(StrEnum):
    """What auditors can read of ways in, accounts, exports and requests; the words of no person are in any."""

    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    SECOND_STEP_FAILED = "second_step_failed"
    RECOVERY_USED = "recovery_used"
    LOGOUT = "logout"
    SESSIONS_ENDED = "sessions_ended"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_CHANGED = "account_changed"
    INVITED = "invited"
    PASSWORD_SET = "password_set"  # noqa: S105 - a word
    FACTOR_SET = "factor_set"
    FACTOR_OFF = "factor_off"
    FACTOR_RESET = "factor_reset"
    RECOVERY_RENEWED = "recovery_renewed"
    TOKEN_MADE = "token_made"  # noqa: S105 - a word
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a word
    MODEL_PROMOTED = "model_promoted"
    EXPORTED = "exported"
    WEBHOOK_MADE = "webhook_made"
    WEBHOOK_ON = "webhook_on"
    WEBHOOK_OFF = "webhook_off"
    PERSON_FOUND = "person_found"
    PERSON_EXPORTED = "person_exported"
    PERSON_ERASED = "person_erased"
    EXCHANGE_MADE = "exchange_made"
    EXCHANGE_REVOKED = "exchange_revoked"


class WebhookOff(StrEnum):
    """Why a webhook is told nothing more: a person said so, or its receiver did (410 Gone)."""

    PERSON = "person"
    GONE = "gone"


class DeliveryOutcome(StrEnum):
    """What came of the last attempt to tell a webhook something."""

    TAKEN = "taken"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    FAILED = "failed"
    TOO_SLOW = "too_slow"
    TOO_LONG = "too_long"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    NOT_OUTSIDE = "not_outside"
    UNSIGNED = "unsigned"
    SWITCHED_OFF = "switched_off"


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


class PhotoOf(StrEnum):
    """What a photo shows: what was reported, or a unit's work before and after."""

    REPORT = "report"
    BEFORE = "before"
    AFTER = "after"


class ExtensionState(StrEnum):
    """What became of a unit's wish for more time."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


class CallStep(StrEnum):
    """What a telephone exchange says has happened to a call."""

    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


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


class ExportForm(StrEnum):
    """As what sort of file a report leaves the house."""

    PDF = "pdf"
    XLSX = "xlsx"


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


class BulkAction(StrEnum):
    """A step that is taken on many tickets at once."""

    ACCEPT = "accept"
    ASSIGN = "assign"
    RETURN = "return"
    LATER = "later"
    NOT_LATER = "not_later"


class ExportFormat(StrEnum):
    """What kind of file a list of tickets was taken out as."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class TopicFact:
    """One topic of the taxonomy: `slug` is stored, `vi` and `en` are shown.

    One that is not `on_map` is in no public figure: a person is reported, or reports, and not a place.
    """

    slug: str
    group: str
    vi: str
    en: str
    definition: str
    emergency_advice: str | None = None
    on_map: bool = True


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
                TopicFact(
                    slug=t["slug"],
                    group=group["slug"],
                    vi=t["vi"],
                    en=t["en"],
                    definition=t["definition"],
                    emergency_advice=t.get("emergency_advice"),
                    on_map=t.get("on_map", True),
                )
                for t in group["topics"]
            ),
        )
        for group in raw["groups"]
    )


@cache
def topics() -> dict[str, TopicFact]:
    """Return every topic by its slug, in the taxonomy's order."""
    return {topic.slug: topic for group in topic_groups() for topic in group.topics}
