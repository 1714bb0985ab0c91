"""The shape of a report as it comes in, by form or as JSON: same fields, same limits, all errors at once."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import phonenumbers
from email_validator import EmailNotValidError, validate_email
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

from app.problems import MESSAGES, Problem, Refused
from classifier.text import UnacceptableText, fold, received
from models.vocabulary import SubmissionType, topics

TEXT_MIN: Final = 10
TEXT_MAX: Final = 5000
PLACE_MAX: Final = 500
NAME_MAX: Final = 200
CONTACT: Final = ("contact_name", "contact_phone", "contact_email")


def clean(value: object) -> object:
    """Turn what was typed into the form we store; an empty field is an absent one."""
    if not isinstance(value, str):
        return value
    try:
        return received(value) or None
    except UnacceptableText as error:
        raise PydanticCustomError(error.reason, "unacceptable text") from None


def said(value: object) -> object:
    """Turn what was typed into the form we store; refuse nothing at all."""
    cleaned = clean(value)
    if cleaned is None:
        raise PydanticCustomError("required", "nothing said")
    return cleaned


def _one_line(value: str | None) -> str | None:
    return re.sub(r"\s+", " ", value) if value else value


def e164(value: str | None) -> str | None:
    """Return E.164; a number without a country code is Vietnamese."""
    if value is None:
        return None
    try:
        number = phonenumbers.parse(value, "VN")
    except phonenumbers.NumberParseException:
        raise PydanticCustomError("phone", "not a phone number") from None
    if not phonenumbers.is_valid_number(number):
        raise PydanticCustomError("phone", "not a valid phone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(value: str | None) -> str | None:
    """Return the normalised address; nothing is looked up, a citizen's post box is none of DNS's business."""
    if value is None:
        return None
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError:
        raise PydanticCustomError("email", "not an e-mail address") from None


def _degrees(value: object) -> object:
    if isinstance(value, bool):  # which counts as 0 or 1 in Python
        raise PydanticCustomError("not_number", "not a number")
    return None if isinstance(value, str) and not value.strip() else value


def _known_type(value: object) -> object:
    return None if value == "" else value


def _known_topic(value: object) -> object:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or value not in topics():
        raise PydanticCustomError("unknown_topic", "no such topic")
    return value


def searchable(text: str, place_text: str | None) -> str:
    """Return the form in which a report is searched for and compared with others."""
    return fold(" ".join(filter(None, (text, place_text))))


def _known_incident(value: object) -> object:
    """Read an incident's id; one that cannot be an id is simply unknown."""
    if value is None or value == "":
        return None
    try:
        return UUID(value) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("unknown_incident", "no such incident") from None


#: A line of text, or nothing; each bounded where its field is, since an empty one has no length.
Place = Annotated[str, Field(max_length=PLACE_MAX)]
Name = Annotated[str, Field(max_length=NAME_MAX)]
Phone = Annotated[str, Field(max_length=40)]
Email = Annotated[str, Field(max_length=254)]
PlaceText = Annotated[Place | None, BeforeValidator(clean), AfterValidator(_one_line)]
Degrees = Annotated[float | None, BeforeValidator(_degrees)]


def whole_position(value: float | None, info: ValidationInfo) -> float | None:
    """Refuse a longitude without a latitude, and the other way round; for the field `longitude`, with its default."""
    if (info.data.get("latitude", "refused") is None) != (value is None):
        raise PydanticCustomError("half_position", "half a position")
    return value


class Report(BaseModel):
    """What a citizen sends. Text is counted in code points after NFC."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Report")

    text: Annotated[str, BeforeValidator(said), Field(min_length=TEXT_MIN, max_length=TEXT_MAX)] = Field(
        description="What is the matter, in the citizen's own words."
    )
    place_text: PlaceText = Field(None, description="Where, as people say it.")
    latitude: Degrees = Field(
        None, ge=-90, le=90, allow_inf_nan=False, description="WGS 84 degrees; only together with longitude."
    )
    longitude: Degrees = Field(
        None,
        ge=-180,
        le=180,
        allow_inf_nan=False,
        validate_default=True,
        description="WGS 84 degrees; only together with latitude.",
    )
    contact_name: Annotated[Name | None, BeforeValidator(clean), AfterValidator(_one_line)] = Field(
        None, description="Optional; needs consent."
    )
    contact_phone: Annotated[Phone | None, BeforeValidator(clean), AfterValidator(e164)] = Field(
        None, description="Optional; needs consent. Vietnamese numbers may leave +84 out; answered as E.164."
    )
    contact_email: Annotated[Email | None, BeforeValidator(clean), AfterValidator(_email)] = Field(
        None, description="Optional; needs consent."
    )
    consent: Annotated[bool, BeforeValidator(lambda v: False if v is None or v == "" else v)] = Field(
        default=False,
        validate_default=True,
        description="The citizen agrees that the contact is used to answer this report.",
    )
    submission_type: Annotated[SubmissionType | None, BeforeValidator(_known_type)] = Field(
        None, description="What the citizen says it legally is; `to-cao` seals the report at once."
    )

    topic: Annotated[str | None, BeforeValidator(_known_topic)] = Field(
        None,
        description="The topic that its filer takes it to be about. A hint for the person who decides, nothing else.",
    )
    incident: Annotated[UUID | None, BeforeValidator(_known_incident)] = Field(
        None,
        validate_default=True,
        description="The open incident, as `/reports/nearby` names it, that this is one more report of.",
    )

    # Fields that depend on each other are checked with the later one, not when all is well: every error in one answer.
    # `info.data` lacks a field that was refused, so there was something in it.

    _whole_position = field_validator("longitude")(whole_position)

    @field_validator("consent")
    @classmethod
    def _consented(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        if not value and any(info.data.get(name, "refused") for name in CONTACT):
            raise PydanticCustomError("consent", "contact without consent")
        return value

    @field_validator("incident")
    @classmethod
    def _apart(cls, value: UUID | None, info: ValidationInfo) -> UUID | None:
        if value is not None and info.data.get("submission_type") is SubmissionType.DENUNCIATION:
            raise PydanticCustomError("sealed_apart", "a denunciation joins nothing")
        return value

    @property
    def has_contact(self) -> bool:
        """Whether anything personal was left."""
        return any(getattr(self, name) for name in CONTACT)


#: pydantic's error types → our codes and the parameters they need.
_CODES: Final = {
    "missing": "required",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "string_type": "not_text",
    "string_unicode": "surrogate",
    "float_parsing": "not_number",
    "float_type": "not_number",
    "int_parsing": "not_number",
    "int_type": "not_number",
    "int_from_float": "not_number",
    "int_parsing_size": "not_number",
    "finite_number": "not_number",
    "bool_parsing": "not_bool",
    "bool_type": "not_bool",
    "enum": "not_one_of",
    "extra_forbidden": "unknown_field",
    "is_instance_of": "unknown_incident",
    "uuid_type": "unknown_incident",
    "uuid_parsing": "unknown_incident",
}
#: What is said of any other error of a type of fields.
_FAMILIES: Final = {
    "string": "not_text",
    "float": "not_number",
    "int": "not_number",
    "bool": "not_bool",
    "date": "not_day",
    "datetime": "not_day",
}
_RANGES: Final = {"latitude": (-90, 90), "longitude": (-180, 180)}


def parse_report(fields: Mapping[str, Any]) -> Report:
    """Return the report, or raise `Refused` with every problem of every field."""
    try:
        return Report.model_validate(dict(fields))
    except ValidationError as error:
        raise Refused(
            problem_of(dict(detail)) for detail in error.errors(include_input=False, include_url=False)
        ) from None


def problem_of(detail: Mapping[str, Any]) -> Problem:
    """Return one of pydantic's error details in our words."""
    field = ".".join(str(part) for part in detail["loc"])[:100]
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == "half_position":
        return Problem("latitude", kind)
    if kind in {"greater_than_equal", "less_than_equal"}:
        low, high = _RANGES[field]
        return Problem(field, "out_of_range", {"min": low, "max": high})
    params = {"min": context.get("min_length"), "max": context.get("max_length"), "expected": context.get("expected")}
    family = _FAMILIES.get(kind.partition("_")[0], "not_understood")
    code = kind if kind in MESSAGES else _CODES.get(kind, family)
    return Problem(field, code, {k: v for k, v in params.items() if v is not None})
