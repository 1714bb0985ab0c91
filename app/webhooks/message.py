"""What receivers of webhooks are sent: ids and words of closed lists, and nothing that anybody wrote."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from app.tracking.service import PUBLIC_KINDS
from models.vocabulary import Status

#: What is told: what a citizen sees of a report, from when it is understood. Before that it may be a denunciation.
TOLD: Final = PUBLIC_KINDS - {"received", "sealed"}
#: What a trial is called.
TRIAL: Final = "trial"
OF_TICKETS: Final = tuple(f"ticket.{kind}" for kind in sorted(TOLD))
#: What every message comes with besides its body, by Standard Webhooks and RFC 9110's idempotency.
HEADERS: Final = {
    "Idempotency-Key": "The same for each attempt to send one message.",
    "webhook-id": "The same id, as Standard Webhooks calls it.",
    "webhook-timestamp": "Seconds since 1970 of this attempt; refuse what is older than five minutes.",
    "webhook-signature": "Space-separated; each `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`.",
}
#: What becomes of a message by the status that it is answered with.
ANSWERS: Final = {
    "2XX": "Taken.",
    "3XX": "Not followed, and never sent again.",
    "410": "Never sent again, and the webhook is switched off.",
    "4XX": "Never sent again.",
    "5XX": "Sent again after a pause, for three days; so is what is not answered within 5 s or with over 64 kB.",
}


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToldTicket(_Shape):
    """The ticket that something happened to."""

    event: int = Field(description="Number of the happening; what happened later has a greater one.")
    ticket: UUID = Field(description="Its id in the API.")
    status: Status = Field(description="Where it stands after this.")
    topic: str | None
    ward: str | None = Field(description="The statistics office's code.")
    department: str | None = Field(description="Which unit has it now.")


class Nothing(_Shape):
    """A trial tells nothing."""


class _Message(_Shape):
    timestamp: datetime = Field(description="When it happened.")

    @field_serializer("timestamp")
    def _written(self, at: datetime) -> str:
        return at.isoformat()

    def written(self) -> str:
        """Return the body that is sent, in the form of Standard Webhooks."""
        return self.model_dump_json()


class TicketMessage(_Message):
    """Something happened to a ticket that its citizen sees in the timeline."""

    type: Literal[OF_TICKETS]  # type: ignore[valid-type]
    data: ToldTicket


class TrialMessage(_Message):
    """An administrator tries the webhook out."""

    type: Literal[TRIAL]  # type: ignore[valid-type]
    data: Nothing


#: Every message there is, by its name in the OpenAPI document.
MESSAGES: Final[dict[str, type[BaseModel]]] = {"ticket": TicketMessage, TRIAL: TrialMessage}
