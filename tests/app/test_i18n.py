"""Two languages: every sentence has its English, none is left over, and every page speaks the one that was chosen."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from string import Formatter

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app import errors, i18n, wording
from app.admin.service import decide_on_day
from app.coordination import service as coordination
from app.desk import callbacks, calls, drafts
from app.desk.callbacks import Wish
from app.desk.calls import Announcement
from app.hotline import Hotline
from app.letters import service as letters
from app.notices import sending
from app.persons import holds
from app.problems import MESSAGES
from app.replies import service as replies
from app.tracking.service import OF_THE_PERSON, PUBLIC_KINDS
from app.work import extension
from app.work import service as work
from app.work.returning import Why
from app.workdays import Decision
from models.account import Account
from models.ticket import Deadline, Ticket
from models.vocabulary import (
    AuditKind,
    CallStep,
    Channel,
    DeadlineKind,
    DepartmentKind,
    LoginMethod,
    NoticeStage,
    RefusalReason,
    Role,
    Scope,
    Status,
    SubmissionType,
    Urgency,
)
from tests.app.conftest import BUSES, LIGHTS, Filed, Road, Staff, step
from tests.pages import hidden, words

Log = Callable[[Account], FlaskClient]
#: A page: how it is asked for, and the status it has.
Page = tuple[Callable[[], TestResponse], int]
PAST = datetime(2026, 3, 1, tzinfo=UTC)
APP = Path(str(files("app")))
#: A letter that only Vietnamese has.
VIETNAMESE = re.compile("[à-ỹđ]")
#: What is a document, in Vietnamese whatever the language of the page around it.
VIETNAMESE_PAPER = re.compile(r'<(\w+)[^>]* lang="vi"[^>]*>.*?</\1>', re.DOTALL)
SOURCES = [("templates/**.html", "jinja2"), ("**.py", "python")]


def test_every_sentence_has_an_english_one_and_none_is_left_over() -> None:
    assert messages() == set(catalogue())
    assert [vi for vi, en in catalogue().items() if not en.strip()] == []


def test_a_translation_keeps_what_is_filled_in() -> None:
    both = {**catalogue(), **dict(MESSAGES.values())}
    assert len(both) > 300
    for vi, en in both.items():
        assert placeholders(vi) == placeholders(en), vi


#: A number that may be one before a word that is many: "1 reports". What stands behind it is never one, or is a rate.
COUNTED = re.compile(r"\{n\} (?:\w+ )?(?:reports|tickets|people|units|accounts|things|articles|times|ratings|codes)\b")
NEVER_ONE = {
    "Thử trên {n} phiếu mới nhất; không đổi gì.",
    "{n} phiếu gần nhất",
    "{n} phiếu này bị trả lại vì cùng một lý do: {reason}",
    "{n} phản ánh trong một giờ, bình thường nhiều nhất {usual}",
    "{n} phản ánh trong một giờ, thường nhiều nhất {usual}",
    "trung vị của {n} phiếu đã trả lời",
}


def test_one_is_not_said_as_many() -> None:
    wrong = {vi: en for vi, en in catalogue().items() if COUNTED.search(en) and "ewer than {n}" not in en}
    assert wrong.keys() <= NEVER_ONE, wrong


def test_every_refusal_and_every_error_is_said_in_two_languages() -> None:
    said = list(MESSAGES.values())
    for title_vi, title_en, advice_vi, advice_en in errors._TITLES.values():
        said += [(title_vi, title_en), (advice_vi, advice_en)]
    for vi, en in said:
        assert VIETNAMESE.search(vi.lower()), vi
        assert not VIETNAMESE.search(en.lower()), en


def test_every_word_of_the_domain_is_said_in_two_languages() -> None:
    app = Flask("words")
    spoken = {}
    for lang in i18n.LANGUAGES:
        with app.test_request_context(headers={"Cookie": f"lang={lang}"}):
            spoken[lang] = list(domain_words())
    for vi, en in zip(spoken["vi"], spoken["en"], strict=True):
        assert vi != en
        assert not VIETNAMESE.search(en.lower()), en


def test_every_event_that_the_program_writes_has_words() -> None:
    sources = "".join(path.read_text("utf-8") for path in APP.glob("**/*.py") if "node_modules" not in path.parts)
    kinds = set(re.findall(r'Happening\(\s*"(\w+)"', sources)) | PUBLIC_KINDS | OF_THE_PERSON
    assert len(kinds) >= 15
    for kind in kinds:
        assert wording.event_words(kind) != kind
    for kind in PUBLIC_KINDS | OF_THE_PERSON:
        assert wording.citizen_words(kind) != kind


def test_every_page_is_rendered_in_the_language_that_was_chosen(
    app: Flask, road: Road, staff: Staff, log_in: Log
) -> None:
    """No sentence of the other language is on it, whatever the page's state: empty, filled, refused, broken."""
    browsers = {name: log_in(account) for name, account in staff.accounts.items()} | {"nobody": app.test_client()}
    pages = list(all_pages(road, browsers))
    foreign = {
        "en": [vi for vi in catalogue() if len(vi) > 7 and not vi.isascii() and "{" not in vi],
        "vi": [en for en in catalogue().values() if len(en) > 12 and "{" not in en],
    }
    for lang in i18n.LANGUAGES:
        for browser in browsers.values():
            browser.set_cookie("lang", lang)
        for number, (ask, status) in enumerate(pages):
            answer = ask()
            where = (lang, number, answer.request.path)
            assert answer.status_code == status, where
            page = answer.get_data(as_text=True)
            assert f'<html lang="{lang}">' in page, where
            said = words(VIETNAMESE_PAPER.sub("", page.partition("<body")[2]))
            held = [sentence for sentence in foreign[lang] if sentence in said]
            assert [sentence for sentence in held if re.search(rf"\b{re.escape(sentence)}", said)] == [], where


def test_a_day_of_another_year_is_said_with_its_year(app: Flask, hotline: Hotline) -> None:
    """The year is the one on the city's clocks."""
    year = hotline.now().year
    with app.test_request_context():
        assert str(year) not in wording.moment(hotline.now())
        before = datetime(year - 1, 11, 27, 10, tzinfo=UTC)
        assert wording.day(before).endswith(f" 27/11/{year - 1}")
        assert wording.moment(before).endswith(f" 27/11/{year - 1}, 17:00")
        assert wording.day(datetime(year - 1, 12, 31, 18, tzinfo=UTC)).endswith(" 1/1")


def test_what_is_pressed_is_not_named_as_what_has_happened(road: Road, staff: Staff, log_in: Log) -> None:
    """One word is both in Vietnamese, and a lock is a key; English has a word for each."""
    page = f"/review/{road.in_review().ticket().id}"
    said = {}
    for name, path in (("cleared", page), ("call_taker", "/desk")):
        browser = log_in(staff.accounts[name])
        browser.set_cookie("lang", "en")
        said[name] = browser.get(path).get_data(as_text=True)
    for word in ("Seal the ticket</button>", ">Reject "):
        assert word in said["cleared"]
    assert "data-closes>Close <kbd" in said["call_taker"]
    assert catalogue()["Tên khóa"] == "Name of the key"


def test_a_person_chooses_a_language_and_comes_back_to_where_they_were(client: FlaskClient) -> None:
    for target, back in (("/t", "/t"), ("//evil.example", "/"), ("https://evil.example", "/"), ("", "/")):
        answer = client.get("/ngon-ngu/en", query_string={"back": target})
        assert (answer.status_code, answer.location) == (303, back)
    assert '<html lang="en">' in client.get("/").get_data(as_text=True)
    client.get("/ngon-ngu/vi")
    assert '<html lang="vi">' in client.get("/").get_data(as_text=True)
    assert client.get("/ngon-ngu/fr").status_code == 404
    client.set_cookie("lang", "fr")
    assert '<html lang="vi">' in client.get("/").get_data(as_text=True)


def all_pages(road: Road, browsers: dict[str, FlaskClient]) -> Iterator[Page]:
    """Yield every page in every state that says something of its own."""
    nobody = browsers["nobody"]
    for path in ("/", "/t", "/rieng-tu", "/accounts/login", "/accounts/invitation"):
        yield getter(nobody, path), 200
    yield getter(nobody, "/no-such-page"), 404
    yield poster(nobody, "/", text="ngắn", contact_phone="1", latitude="x"), 422
    yield poster(nobody, "/t", code="x"), 422
    yield poster(nobody, "/t", code="0" * 16), 404
    yield poster(nobody, "/accounts/login"), 403
    for make in (road.file, road.routed, road.accepted, road.asked, road.answered, road.returned, road.in_review,
                 road.rejected, road.referred, road.sealed, road.merged):  # fmt: skip
        yield poster(nobody, "/t", code=make().code), 200
    yield poster(nobody, "/t/mo-lai", code=road.routed().code, message="Lại tắt."), 409
    yield poster(nobody, "/t/bo-sung", code=road.asked().code, message=""), 422
    yield poster(nobody, "/t/danh-gia", code=road.answered().code, rating="9"), 422
    for name, path in (("call_taker", "/desk"), ("alice", "/work"), ("bob", "/work"), ("auditor", "/work"),
                       ("cleared", "/review"), ("admin", "/admin/accounts"), ("admin", "/admin/units"),
                       ("admin", "/admin/units/new"), ("admin", "/admin/units?q=zzz"),
                       ("admin", f"/admin/units/{LIGHTS}")):  # fmt: skip
        yield getter(browsers[name], path), 200
    for filed in (road.routed(), road.accepted(), road.asked(), road.answered()):
        yield getter(browsers["alice"], f"/work/{filed.ticket().id}"), 200
    for filed in (road.in_review(), road.returned(), road.merged()):
        yield getter(browsers["cleared"], f"/review/{filed.ticket().id}"), 200
    yield from pages_of_helpers(road, browsers)
    yield from gates(road, browsers)
    filed = road.accepted()
    page = f"/work/{filed.ticket().id}"
    yield staff_poster(browsers["alice"], page, f"{page}/answer", version="0", public_text="Xong."), 409
    yield staff_poster(browsers["alice"], page, f"{page}/answer", public_text=""), 422
    yield staff_poster(browsers["admin"], "/admin/accounts", "/admin/accounts", username="x", role="handler"), 422
    unit = f"/admin/units/{LIGHTS}"
    yield staff_poster(browsers["admin"], unit, f"{unit}/change", vi="", phone="x", hours="x"), 422
    yield staff_poster(browsers["admin"], unit, f"{unit}/close", version="1"), 422
    yield from promises(road, browsers)
    yield from ways_in(browsers)
    yield from read_by_two(road, browsers)
    yield from requests_of_persons(road, browsers["admin"])
    yield staff_poster(browsers["call_taker"], "/desk", "/desk", text="ngắn"), 422
    yield from at_the_desk(road, browsers)


def read_by_two(road: Road, browsers: dict[str, FlaskClient]) -> Iterator[Page]:
    """Yield the page of answers that wait, with one and with none, and the reading of one."""
    yield getter(browsers["bob"], "/work/approvals"), 200
    replies.ask_for_second(road.hotline, road.staff.supervisor, wanted=True)
    filed = road.accepted()
    work.answer(road.hotline, road.staff.alice, step(filed, "Done"))
    replies.ask_for_second(road.hotline, road.staff.supervisor, wanted=False)
    yield getter(browsers["supervisor"], "/work/approvals"), 200
    yield getter(browsers["supervisor"], f"/work/{filed.ticket().id}"), 200
    yield getter(browsers["supervisor"], "/replies"), 200


def requests_of_persons(road: Road, admin: FlaskClient) -> Iterator[Page]:
    """Yield what an administrator sees who answers a person, and who looks after telephone exchanges."""
    page, phone = "/admin/persons", "0901 234 567"
    yield staff_poster(admin, page, page, phone="12"), 422
    yield staff_poster(admin, page, page, phone="0901 234 568"), 200
    held = road.routed(contact_phone=phone, consent=True)
    holds.place_by(road.hotline, road.staff.cleared, held.ticket().id, "123/CV", "2030-01-01")
    yield staff_poster(admin, page, f"{page}/ask-erase", phone=phone), 200
    road.routed(contact_phone=phone, consent=True)
    yield staff_poster(admin, page, page, phone=phone), 200
    yield staff_poster(admin, page, f"{page}/ask-erase", phone=phone), 200
    yield staff_poster(admin, page, f"{page}/erase", phone=phone), 422
    yield staff_poster(admin, page, f"{page}/erase", phone=phone, reason="123/CV", sure="1"), 200
    exchanges = "/admin/exchanges"
    for name in ("PBX 1", "PBX 2"):
        calls.add_exchange(road.hotline, name)
    calls.revoke_exchange(road.hotline, "PBX 1")
    yield getter(admin, exchanges), 200
    yield staff_poster(admin, exchanges, exchanges, name=""), 422
    yield staff_poster(admin, exchanges, exchanges, name="PBX 1"), 422


def at_the_desk(road: Road, browsers: dict[str, FlaskClient]) -> Iterator[Page]:
    """Yield what a call-taker sees: a draft that was handed over, what waits, call-backs, a code that was filed."""
    hotline, staff, desk = road.hotline, road.staff, browsers["call_taker"]
    token = calls.add_exchange(hotline, "Asterisk")
    with hotline.database.reading() as session:
        exchange = calls.exchange_of_token(hotline, session, token)
    assert exchange is not None
    for number in ("0901234567", None):
        calls.announce(hotline, exchange, Announcement(f"call {number}", CallStep.RINGING, number))
    callbacks.write_down(hotline, staff.call_taker, Wish("0901234567", "15", submission_type="to-cao"))
    callbacks.write_down(hotline, staff.call_taker, Wish("0901234567", "15", "An", "Call"))
    draft, _ = drafts.save(hotline, staff.coordinator, None, 0, {"text": "Call"})
    drafts.hand_over(hotline, staff.coordinator, draft, staff.call_taker.id, "Note")
    for path in ("/desk", f"/desk?draft={draft}", f"/desk?new=1&put_aside={draft}", "/desk/callbacks"):
        yield getter(desk, path), 200
    yield staff_poster(desk, "/desk/callbacks", "/desk/callbacks", number="1", when="x"), 422
    yield desk_filer(desk), 201


def desk_filer(desk: FlaskClient) -> Callable[[], TestResponse]:
    def post() -> TestResponse:
        shown = desk.get("/desk?new=1").get_data(as_text=True)
        tokens = {name: hidden(shown, name) for name in ("csrf_token", "form_token")}
        return desk.post("/desk", data=tokens | {"text": "Help, the house is on fire", "nearby": "shown"})

    return post


def pages_of_helpers(road: Road, browsers: dict[str, FlaskClient]) -> Iterator[Page]:
    """Yield what the lead, a helper and a coordinator see of several units on one ticket, and of returns."""
    for path in ("/work/parts", "/work/parts/late", "/returns"):
        yield getter(browsers["supervisor"], path), 200
    helped = road.accepted()
    coordination.ask_unit(road.hotline, road.staff.alice, step(helped, "Nhờ xem."), BUSES)
    page = f"/work/{helped.ticket().id}"
    for name in ("alice", "bob", "coordinator"):
        yield getter(browsers[name], page), 200
    yield staff_poster(browsers["bob"], page, f"{page}/contribute", contribution=""), 422
    yield staff_poster(browsers["alice"], page, f"{page}/return", reason_code="", proposed_department_search="x"), 422
    yield staff_poster(browsers["alice"], page, f"{page}/involve", department="", request=""), 422
    for _ in range(3):
        work.send_back(road.hotline, road.staff.alice, step(road.routed()), Why("ward-level", BUSES))
    returned = road.routed()
    work.send_back(road.hotline, road.staff.alice, step(returned), Why("ward-level", BUSES))
    yield getter(browsers["coordinator"], f"/review/{returned.ticket().id}"), 200
    yield getter(browsers["coordinator"], "/returns"), 200
    yield getter(browsers["coordinator"], "/returns?from=x"), 422
    for path in ("/board", "/board/tickets", "/board/figures", "/board/tv"):
        yield getter(browsers["coordinator"], path), 200
    yield getter(browsers["supervisor"], "/board?by=week"), 200
    yield getter(browsers["coordinator"], "/board?by=x&from=y&ward=z&channel=fax&topic=w&group=v&unit=u"), 422
    yield getter(browsers["bob"], "/work/parts"), 200


def ways_in(browsers: dict[str, FlaskClient]) -> Iterator[Page]:
    """Yield the pages of one's own account, the record, and an administrator's, tried and refused."""
    for path in ("", "/rules", "/rules?topic=noise", "/topics", "/models", "/health", "/exchanges", "/persons"):
        yield getter(browsers["admin"], f"/admin{path}"), 200
    for name in ("alice", "cleared"):
        yield getter(browsers[name], "/accounts/me"), 200
        yield getter(browsers[name], "/accounts/me/second-factor"), 200
    yield staff_poster(browsers["alice"], "/accounts/me", "/accounts/me/tokens", days="30"), 422
    yield staff_poster(browsers["alice"], "/accounts/me", "/accounts/me/tokens", days="30", scopes="read"), 201
    yield getter(browsers["admin"], "/replies/all"), 200
    for path in ("/audit", "/audit?topic=tokens", "/audit?topic=failed", "/audit?topic=persons"):
        yield getter(browsers["auditor"], path), 200
    tried = {"topic": "noise", "kind": "phan-anh", "urgency": "normal", "text": "Hàng xóm hát tới khuya"}
    yield staff_poster(browsers["admin"], "/admin/rules", "/admin/rules/try", **tried), 200
    yield staff_poster(browsers["admin"], "/admin/rules", "/admin/rules/preview"), 422
    yield staff_poster(browsers["admin"], "/admin/models", "/admin/models/roll-back"), 422


def promises(road: Road, browsers: dict[str, FlaskClient]) -> Iterator[Page]:
    """Yield the pages of deadlines: the calendar, more time, what is late, notices."""
    decide_on_day(road.hotline, Decision(date(2026, 3, 5), False, "123/CV", "Admin"))
    yield getter(browsers["admin"], "/admin/calendar"), 200
    yield staff_poster(browsers["admin"], "/admin/calendar", "/admin/calendar", day="x"), 422
    foreseen = {"day": "2026-03-06", "working": "off", "preview": "1"}
    yield staff_poster(browsers["admin"], "/admin/calendar", "/admin/calendar", **foreseen), 200
    asked, late = road.accepted(), road.accepted()
    extension.ask(road.hotline, road.staff.alice, step(asked, "123/CV"), 3)
    page = f"/work/{asked.ticket().id}"
    for name in ("alice", "supervisor"):
        yield getter(browsers[name], page), 200
    granted = road.accepted()
    extension.ask(road.hotline, road.staff.alice, step(granted, "123/CV"), 3)
    extension.refuse_it(road.hotline, road.staff.supervisor, step(granted, "123/CV"))
    yield getter(browsers["alice"], f"/work/{granted.ticket().id}"), 200
    with road.hotline.database.transaction() as session:
        session.execute(update(Deadline).where(Deadline.ticket_id == late.ticket().id).values(due_at=PAST))
        session.get_one(Ticket, late.ticket().id).resolve_due_at = PAST
    page = f"/work/{late.ticket().id}"
    yield getter(browsers["alice"], page), 200
    yield staff_poster(browsers["alice"], page, f"{page}/progress", committed_on="x"), 422
    yield getter(browsers["alice"], "/work"), 200
    sending.keep(road.hotline)
    for name in ("alice", "supervisor", "cleared"):
        yield getter(browsers[name], "/notices"), 200


def gates(road: Road, browsers: dict[str, FlaskClient]) -> Iterator[Page]:
    """Yield the pages of denunciations, complaints, praise, questions and emergencies."""
    nobody, cleared = browsers["nobody"], browsers["cleared"]
    for name in ("cleared", "auditor"):
        yield getter(browsers[name], "/sealed"), 200
        yield getter(browsers[name], f"/sealed/{road.sealed().ticket().id}"), 200
    page = f"/sealed/{road.sealed().ticket().id}"
    yield staff_poster(cleared, page, f"{page}/open", reason="To look"), 200
    yield staff_poster(cleared, page, f"{page}/open", reason=""), 422
    yield staff_poster(cleared, page, f"{page}/release", reason="", submission_type="x"), 422
    yield staff_poster(cleared, page, f"{page}/refer", redacted_text="x", department_id="x"), 422
    complaint = road.in_review()
    yield getter(cleared, f"/letters/{complaint.ticket().id}"), 200
    yield poster(nobody, "/t", code=guided(road, complaint)), 200
    yield poster(nobody, "/t/thu", code=complaint.code), 200
    yield getter(cleared, f"/letters/{complaint.ticket().id}"), 200
    praise, question = road.routed(submission_type="khen-ngoi"), road.routed(submission_type="hoi-dap")
    yield getter(cleared, f"/review/{praise.ticket().id}"), 200
    yield getter(browsers["alice"], f"/work/{question.ticket().id}"), 200
    for path, status in (("/hoi-dap", 200), ("/hoi-dap?q=xyz", 200), ("/hoi-dap/x", 404)):
        yield getter(nobody, path), status
    yield getter(cleared, "/kb"), 200
    yield getter(cleared, "/kb/new"), 200
    yield staff_poster(cleared, "/kb/new", "/kb/new", title="x", source_url="x", valid_from="x"), 422
    form = hidden(nobody.get("/").get_data(as_text=True), "form_token")
    yield poster(nobody, "/", text="Help, the house is on fire", form_token=form), 201


def guided(road: Road, complaint: Filed) -> str:
    """Send a letter; return the code of who gets it."""
    letters.send(road.hotline, road.staff.coordinator, step(complaint, "Dear citizen"), "tiep_cong_dan")
    return complaint.code


def getter(browser: FlaskClient, path: str) -> Callable[[], TestResponse]:
    return lambda: browser.get(path)


def poster(browser: FlaskClient, path: str, **form: str) -> Callable[[], TestResponse]:
    return lambda: browser.post(path, data=form)


def staff_poster(browser: FlaskClient, page: str, path: str, **form: str) -> Callable[[], TestResponse]:
    def post() -> TestResponse:
        shown = browser.get(page).get_data(as_text=True)
        tokens = {n: hidden(shown, n) for n in ("csrf_token", "version") if f'name="{n}"' in shown}
        return browser.post(path, data=tokens | form)

    return post


def messages() -> set[str]:
    """Return every sentence that babel finds in the program."""
    found = extract_from_dir(
        APP, SOURCES, directory_filter=lambda folder: Path(folder).name not in {"static", "assets"}
    )
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def catalogue() -> dict[str, str]:
    with (APP / "translations" / "en.po").open("rb") as stream:
        return {str(message.id): str(message.string) for message in read_po(stream, locale="en") if message.id}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def domain_words() -> Iterator[str]:
    """Yield every member of every closed set as people say it."""
    yield from map(wording.status_words, Status)
    yield from map(wording.headline, Status)
    yield from map(wording.next_words, Status)
    yield from map(wording.followed_next, Status)
    yield wording.closed_and_open_to_doubt()
    yield wording.refused_and_open_to_doubt()
    yield from map(wording.type_words, [None, *SubmissionType])
    yield from map(wording.channel_words, Channel)
    yield from map(wording.urgency_words, Urgency)
    yield from map(wording.deadline_words, DeadlineKind)
    yield from map(wording.role_words, Role)
    yield from map(wording.kind_words, DepartmentKind)
    yield from map(wording.stage_words, NoticeStage)
    yield from map(wording.calendar_source_words, ("seed", "city", "changed"))
    yield from map(wording.scope_words, Scope)
    yield from map(wording.login_method_words, LoginMethod)
    yield from map(wording.audit_words, AuditKind)
    yield wording.due_tag(PAST, PAST, paused=True).words
    yield from map(wording.refusal_words, RefusalReason)
    yield from map(wording.citizen_words, sorted(PUBLIC_KINDS | OF_THE_PERSON))
    yield from (wording.citizen_words("triaged", there) for there in Status)
    yield from map(wording.event_words, sorted(PUBLIC_KINDS | OF_THE_PERSON))
