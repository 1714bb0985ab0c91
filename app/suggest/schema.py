"""The shape of what is being written."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from app.intake.schema import TEXT_MAX, Degrees, PlaceText, problem_of, said, whole_position
from app.problems import Refused


class Draft(BaseModel):
    """What has been typed so far, within the limits of a report; a single word is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Draft")

    text: Annotated[str, BeforeValidator(said), Field(max_length=TEXT_MAX)]
    place: PlaceText = None
    latitude: Degrees = Field(None, ge=-90, le=90, allow_inf_nan=False)
    longitude: Degrees = Field(None, ge=-180, le=180, allow_inf_nan=False, validate_default=True)

    _whole_position = field_validator("longitude")(whole_position)


def parse_draft(fields: Mapping[str, Any]) -> Draft:
    """Return the draft, or raise `Refused` with every problem of every field."""
    try:
        return Draft.model_validate(dict(fields))
    except ValidationError as error:
        raise Refused(problem_of(dict(d)) for d in error.errors(include_input=False, include_url=False)) from None
