"""The shape of an article as it is written."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from app.intake.schema import clean, problem_of, said
from app.problems import Refused

TITLE_MAX: Final = 200
BODY_MAX: Final = 20_000
URL_MAX: Final = 500
SOURCE_MAX: Final = 300


def _web(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        raise PydanticCustomError("url", "not an address at all") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc or " " in value:
        raise PydanticCustomError("url", "not an address on the web")
    return value


def _day(value: object) -> object:
    cleaned = clean(value)
    if not isinstance(cleaned, str):
        return cleaned
    try:
        return date.fromisoformat(cleaned)
    except ValueError:
        raise PydanticCustomError("date", "not a day") from None


Day = Annotated[date | None, BeforeValidator(_day)]


class Draft(BaseModel):
    """What a coordinator writes. Days are inclusive, in the city."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, BeforeValidator(said), Field(min_length=5, max_length=TITLE_MAX)]
    body: Annotated[str, BeforeValidator(said), Field(min_length=10, max_length=BODY_MAX)]
    topic_slug: Annotated[str | None, BeforeValidator(clean)] = None
    source: Annotated[Annotated[str, Field(max_length=SOURCE_MAX)] | None, BeforeValidator(clean)] = None
    source_url: Annotated[
        Annotated[str, Field(max_length=URL_MAX)] | None, BeforeValidator(clean), AfterValidator(_web)
    ] = None
    valid_from: Day = None
    valid_to: Day = None

    @field_validator("valid_to")
    @classmethod
    def _in_order(cls, value: date | None, info: ValidationInfo) -> date | None:
        begins = info.data.get("valid_from")
        if value is not None and begins is not None and value < begins:
            raise PydanticCustomError("days_order", "ends before it begins")
        return value


def parse_draft(fields: Mapping[str, Any]) -> Draft:
    """Return the draft, or raise `Refused` with every problem of every field."""
    try:
        return Draft.model_validate(dict(fields))
    except ValidationError as error:
        raise Refused(
            problem_of(dict(detail)) for detail in error.errors(include_input=False, include_url=False)
        ) from None
