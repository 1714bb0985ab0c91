"""Every field of a report: what it takes, what it refuses and how it says so, all at once and in both languages."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.hotline import Hotline
from app.intake.schema import Report, parse_report
from app.problems import MESSAGES, Problem, Refused
from models.vocabulary import SubmissionType
from tests.bad_input.conftest import WORDS, multipart, post_json, problems, tickets
from tests.installation import Filed
from tests.pages import post_form, words

CONSENT = {"text": WORDS, "consent": True}
PLACED = {"text": WORDS, "latitude": 10.77, "longitude": 106.69}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0901 234 567", "+84901234567"),
        ("+84 901-234-567", "+84901234567"),
        ("(028) 3829 7611", "+842838297611"),
        ("０９０１２３４５６７", "+84901234567"),
        ("+31 6 12345678", "+31612345678"),
        ("  ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_phone_number_is_kept_as_the_whole_world_dials_it(typed: str | None, kept: str | None) -> None:
    assert parse_report(CONSENT | {"contact_phone": typed}).contact_phone == kept


@pytest.mark.parametrize("typed", ["113", "không có", "0901", "0901234567890", "+84 12", "<script>", "09012345 bậy 67"])
def test_what_cannot_be_dialled_is_refused(typed: str) -> None:
    assert _refusal(CONSENT | {"contact_phone": typed}) == [("contact_phone", "phone")]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("ten@Vidu.VN", "ten@vidu.vn"), ("  a.b+c@vidu.com.vn ", "a.b+c@vidu.com.vn"), ("hòa@vidu.vn", "hòa@vidu.vn")],
)
def test_an_address_is_kept_in_its_normal_form(typed: str, kept: str) -> None:
    assert parse_report(CONSENT | {"contact_email": typed}).contact_email == kept


@pytest.mark.parametrize(
    "typed",
    ["ten", "ten@", "@vidu.vn", "ten@localhost", "a@vidu.vn, b@vidu.vn", "a@vidu.vn\nBcc: b@vidu.vn", "<a@vidu.vn>"],
)
def test_what_cannot_be_written_to_is_refused(typed: str) -> None:
    assert _refusal(CONSENT | {"contact_email": typed}) == [("contact_email", "email")]


@pytest.mark.parametrize("name", ["contact_name", "contact_phone", "contact_email"])
@pytest.mark.parametrize("consent", [False, None, "", "false"])
def test_whoever_leaves_a_contact_must_consent(name: str, consent: object) -> None:
    contact = {"contact_name": "Lan", "contact_phone": "0901234567", "contact_email": "lan@vidu.vn"}
    assert _refusal({"text": WORDS, name: contact[name], "consent": consent}) == [("consent", "consent")]
    assert _refusal({"text": WORDS, name: contact[name]}) == [("consent", "consent")]


def test_nothing_personal_is_kept_without_a_contact(client: FlaskClient, hotline: Hotline) -> None:
    answer = post_json(client, CONSENT | {"contact_name": " ", "contact_phone": "", "contact_email": None})
    assert Filed(json.loads(answer.text)["code"], hotline).contact() is None


@pytest.mark.parametrize(("field", "edge"), [("latitude", 90), ("longitude", 180)])
def test_a_position_is_on_this_earth(field: str, edge: int) -> None:
    for inside in (edge, -edge, str(edge), -0.0):
        assert getattr(parse_report(PLACED | {field: inside}), field) == float(inside)
    for beyond in (edge + 1e-9, -edge - 1, 1e300):
        assert _refusal(PLACED | {field: beyond}) == [(field, "out_of_range")]
    no_numbers: list[object] = [
        "10,77",
        "mười",
        True,
        False,
        [],
        {},
        float("nan"),
        float("inf"),
        "nan",
        10**400,
        "\ud800",
    ]
    for no_number in no_numbers:
        assert _refusal(PLACED | {field: no_number}) in ([(field, "not_number")], [(field, "surrogate")])


@pytest.mark.parametrize("missing", ["latitude", "longitude"])
@pytest.mark.parametrize("how", ["absent", "null", "blank"])
def test_half_a_position_is_none(missing: str, how: str) -> None:
    fields: dict[str, Any] = {**PLACED, missing: " " if how == "blank" else None}
    if how == "absent":
        del fields[missing]
    assert _refusal(fields) == [("latitude", "half_position")]


def test_no_position_at_all_is_well() -> None:
    blank = parse_report({"text": WORDS, "latitude": "", "longitude": " "})
    assert (blank.latitude, blank.longitude) == (None, None)


@pytest.mark.parametrize("kind", [*SubmissionType, None, ""])
def test_a_report_may_say_what_it_legally_is(kind: str | None) -> None:
    assert parse_report({"text": WORDS, "submission_type": kind}).submission_type == (kind or None)


@pytest.mark.parametrize("kind", ["bậy", "TO-CAO", 1, [], "\ud800"])
def test_an_unknown_legal_kind_is_refused(kind: object) -> None:
    assert _refusal({"text": WORDS, "submission_type": kind}) in (
        [("submission_type", "not_one_of")],
        [("submission_type", "surrogate")],
    )


@pytest.mark.parametrize("field", ["text", "place_text", "contact_name", "contact_phone", "contact_email"])
def test_words_are_words(field: str) -> None:
    for wrong in (5, True, ["chữ"], {"vi": "chữ"}):
        assert _refusal(CONSENT | {field: wrong}) == [(field, "not_text")]


@pytest.mark.parametrize("text", ["", "   \r\n\t", "\u200b\u2060\ufeff", None])
def test_a_report_says_something(text: str | None) -> None:
    fields = {} if text is None else {"text": text}
    assert _refusal(fields) == [("text", "required")]


#: Something wrong with everything there is.
ALL_WRONG = {
    "incident": "x",
    "text": "ngắn",
    "place_text": "\x07",
    "latitude": "91",
    "longitude": "mười",
    "contact_name": "a" * 201,
    "contact_phone": "113",
    "contact_email": "ten@",
    "consent": "",
    "submission_type": "bậy",
    "topic": "không có",
    "status": "closed",
}
ALL_PROBLEMS = [
    ("consent", "consent"),
    ("contact_email", "email"),
    ("contact_name", "too_long"),
    ("contact_phone", "phone"),
    ("incident", "unknown_incident"),
    ("latitude", "out_of_range"),
    ("longitude", "not_number"),
    ("place_text", "control"),
    ("status", "unknown_field"),
    ("submission_type", "not_one_of"),
    ("text", "too_short"),
    ("topic", "unknown_topic"),
]
MANY_PHOTOS = [(f"{n}.jpg", b"no picture") for n in range(6)]


def test_all_errors_come_at_once_in_both_languages(client: FlaskClient, hotline: Hotline) -> None:
    """A citizen who is told of one error after the other gives up. Checking consent or the position only when the
    fields are well by themselves makes it fail, as does looking at photos only then.
    """
    answer = post_json(client, ALL_WRONG)
    assert answer.status_code == 422
    assert problems(answer) == ALL_PROBLEMS
    for error in json.loads(answer.text)["errors"]:
        vi, en = MESSAGES[error["code"]]
        assert error["vi"].startswith(vi.partition("{")[0])
        assert error["en"].startswith(en.partition("{")[0])
        assert "{" not in error["vi"] + error["en"]

    keyless = client.post(
        "/api/v1/reports",
        data=multipart({**ALL_WRONG}, MANY_PHOTOS),
        content_type="multipart/form-data; boundary=ranh-gioi",
    )
    assert keyless.status_code == 400
    more = [("Idempotency-Key", "key_required"), ("photos", "too_many_photos")]
    assert problems(keyless) == sorted(ALL_PROBLEMS + more)
    assert tickets(hotline) == 0


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_form_shows_every_error_in_the_language_chosen(
    client: FlaskClient, hotline: Hotline, language: str
) -> None:
    client.set_cookie("lang", language)
    answer = post_form(client, "/", "/", form_token="quá cũ", **ALL_WRONG)
    assert answer.status_code == 422
    page = words(answer.text)
    for _field, code in [*ALL_PROBLEMS, ("", "form_token")]:
        here, there = MESSAGES[code] if language == "vi" else reversed(MESSAGES[code])
        assert here.partition("{")[0] in page, code
        assert there.partition("{")[0] not in page, code
    for name in ("text", "latitude", "longitude", "contact_phone", "contact_email", "contact_name"):
        shown = f'value="{ALL_WRONG[name]}"', f">{ALL_WRONG[name]}</textarea>"
        assert any(there in answer.text for there in shown), f"what was typed as {name} is lost"
    assert tickets(hotline) == 0

    well = post_form(client, "/", "/", text=WORDS)  # after which nothing stands in the way
    assert well.status_code == 201


def test_no_problem_is_without_words() -> None:
    for code in MESSAGES:
        named = re.findall(r"\{(\w+)", " ".join(MESSAGES[code]))
        problem = Problem("x", code, dict.fromkeys(named, "•"))
        assert "{" not in problem.vi + problem.en
        assert problem.vi != problem.en


def test_every_field_of_a_report_is_tested_here() -> None:
    assert set(Report.model_fields) == set(ALL_WRONG) - {"status"}


def _refusal(fields: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refusal:
        parse_report(fields)
    return sorted((problem.field, problem.code) for problem in refusal.value.problems)
