"""A call-taker's calls, by keys alone: filed in few strokes, found again after a crash, popped up by the exchange."""

import re
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import delete, func, select

from app.desk import calls
from app.desk.envelope import opened
from models.desk import CallDraft
from models.ticket import Ticket
from tests.browser.axe import violations
from tests.browser.conftest import Site, examined, log_in
from tests.browser.test_accessibility import LONG

TEXT = "Người dân báo: đèn đường tắt ba bữa nay, trụ đèn nghiêng, chỗ này tối thui"
PLACE = "hẻm 285 Cách Mạng Tháng Tám, phường Hòa Hưng"
CODE = re.compile(r"^\w{4}-\w{4}-\w{4}-\w{4}$")
#: What a person may press besides the words themselves.
MOST_STROKES = 25
#: Milliseconds from the last key to the suggestions, on a machine that does nothing else.
PROMPT = 300
#: Seconds from the last key until all is on the server: one of waiting, one for a machine that does much else.
SAVED_WITHIN = 2.0


class Keyboard:
    """A keyboard that counts what is pressed besides words: every key of a combination, modifiers too."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.strokes = 0

    def press(self, keys: str) -> None:
        """Press keys together."""
        self.page.keyboard.press(keys)
        self.strokes += len(keys.split("+"))

    def type(self, words: str) -> None:
        """Type words."""
        self.page.keyboard.type(words)


@pytest.fixture
def console(desk: BrowserContext, site: Site) -> Page:
    """Return the console of a call-taker, empty, with nothing left of other tests."""
    page = desk.new_page()
    log_in(page, site, "call-taker")
    while _thrown_away(site):  # a page that was closed a moment ago may still be saving its own
        page.reload()
    expect(page.locator("#text")).to_be_focused()
    return page


def _thrown_away(site: Site) -> int:
    """Delete every draft and return how many there were."""
    with site.world.hotline.database.transaction() as session:
        return len(session.scalars(delete(CallDraft).returning(CallDraft.id)).all())


def test_a_call_is_filed_in_under_25_strokes_beyond_its_words(console: Page, site: Site) -> None:
    """The number pops up, the caller is asked, the topic confirmed, consent given, the code read again."""
    keys = Keyboard(console)
    ring(site, "0901234567")
    expect(console.locator("#contact_phone")).to_have_value("0901 234 567")
    expect(console.locator("#caller")).to_contain_text("phiếu")
    expect(console.locator("#text")).to_be_focused()
    keys.type(TEXT)
    expect(console.locator("#topic-1")).to_contain_text("Chiếu sáng công cộng")
    keys.press("Alt+1")
    expect(console.locator("#topic-1")).to_have_attribute("aria-pressed", "true")
    keys.press("Alt+q")
    keys.press("Alt+p")
    keys.type(PLACE)
    expect(console.locator("#suggestions")).to_contain_text("Hòa Hưng")
    keys.press("Alt+y")
    keys.press("Control+Enter")
    expect(console.locator(".code")).to_have_text(CODE)
    assert keys.strokes < MOST_STROKES
    assert keys.strokes == 10
    expect(console.locator("#text")).to_be_focused()
    assert console.input_value("#text") == console.input_value("#contact_phone") == ""
    with site.world.hotline.database.reading() as session:
        assert session.scalar(select(func.count(CallDraft.id))) == 0
        newest = session.scalars(select(Ticket).order_by(Ticket.received_at.desc())).first()
        assert newest is not None
        assert (newest.text, newest.topic_slug, newest.contact is not None) == (TEXT, "street-lighting", True)


def test_what_was_typed_is_found_again_after_the_browser_was_killed(
    console: Page, site: Site, chromium: Browser
) -> None:
    console.keyboard.type(TEXT)
    console.keyboard.press("Alt+p")
    console.keyboard.type(PLACE)
    typed_at = time.monotonic()
    while saved(site) != (TEXT, PLACE):
        assert time.monotonic() < typed_at + SAVED_WITHIN
        console.wait_for_timeout(50)
    console.context.set_offline(offline=True)  # nothing of this page gets to say good-bye
    console.close(run_before_unload=False)
    context = chromium.new_context(base_url=site.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    log_in(page, site, "call-taker")
    assert page.input_value("#text") == TEXT
    assert page.input_value("#place_text") == PLACE
    context.close()


def test_a_session_that_ends_while_somebody_talks_loses_no_text(console: Page, site: Site) -> None:
    console.keyboard.type("Người dân báo: ")
    console.context.clear_cookies()
    console.keyboard.type(TEXT)
    expect(console.locator("#draftstate")).to_contain_text("Đừng đóng trang")
    other = console.context.new_page()
    log_in(other, site, "call-taker")
    other.close()
    expect(console.locator("#draftstate")).to_contain_text("Nháp đã lưu", timeout=10_000)
    assert saved(site) == (f"Người dân báo: {TEXT}", None)


def test_esc_loses_no_text_wherever_it_is_pressed(console: Page) -> None:
    console.keyboard.type(TEXT)
    for keys in ("", "F1", "F8", "F9"):
        if keys:
            console.keyboard.press(keys)
            expect(console.locator("dialog[open]")).to_have_count(1)
        console.keyboard.press("Escape")
        expect(console.locator("dialog[open]")).to_have_count(0)
        assert console.input_value("#text") == TEXT
    console.keyboard.press("F8")
    console.keyboard.press("Tab")
    console.fill("#callback-note", "Hỏi số nhà")
    console.keyboard.press("Escape")
    console.keyboard.press("F8")
    assert console.input_value("#callback-note") == "Hỏi số nhà"


def test_digits_typed_in_the_text_are_text(console: Page) -> None:
    """Also tone marks by VNI, which are digits."""
    console.keyboard.type("Đèn đường số 123 tắt 2 đêm")
    expect(console.locator("#topic-1")).to_be_visible()
    console.keyboard.type(" 1 2 3 7")
    assert console.input_value("#text") == "Đèn đường số 123 tắt 2 đêm 1 2 3 7"
    assert console.input_value("#topic") == ""


def test_a_draft_that_was_kept_is_gone_on_with_at_its_end(console: Page, site: Site) -> None:
    console.keyboard.type(TEXT)
    while saved(site) != (TEXT, None):  # the end of the test's own time is the end of the wait
        console.wait_for_timeout(50)
    console.reload()
    expect(console.locator("#text")).to_be_focused()
    console.keyboard.type(", nguy hiểm")
    assert console.input_value("#text") == f"{TEXT}, nguy hiểm"


def test_suggestions_change_nothing_but_their_own_box(console: Page) -> None:
    fields = "#text, #place_text, #topic, .deskform button.main"
    where = f"[...document.querySelectorAll('{fields}')].map((one) => one.getBoundingClientRect().top)"
    before = console.evaluate(where)
    console.keyboard.type("Cháy nhà, có người kẹt bên trong, khói đen. " + TEXT)
    expect(console.locator("#transfer-114")).to_be_visible()
    expect(console.locator("#told")).to_contain_text("114")
    assert console.evaluate(where) == before
    expect(console.locator("#text")).to_be_focused()
    assert console.input_value("#text").endswith(TEXT)


def test_suggestions_come_within_300_ms_of_a_pause(console: Page) -> None:
    console.keyboard.type(TEXT[:-10])
    expect(console.locator("#topic-1")).to_be_visible()
    times = []
    for letter in TEXT[-10:]:
        began = console.evaluate(
            "() => { const box = document.querySelector('#suggestions');"
            " window.seen = new Promise((done) => document.querySelector('#text').addEventListener('input', () => {"
            " const from = performance.now();"
            " const old = window.fetch; window.fetch = (...all) => old(...all).then(async (answer) => {"
            " if (!String(all[0]).includes('suggestions')) return answer;"
            " window.fetch = old; const copy = answer.clone(); await copy.text();"
            " setTimeout(() => done(performance.now() - from)); return answer; });"
            " }, { once: true })); return true; }"
        )
        assert began
        console.keyboard.type(letter)
        times.append(console.evaluate("window.seen"))
    assert sorted(times)[len(times) // 2] < PROMPT


def test_an_emergency_is_put_through_and_noted_by_one_key(console: Page, site: Site) -> None:
    console.keyboard.type("Cháy nhà, có người kẹt bên trong, khói đen kín")
    expect(console.locator("#transfer-114")).to_be_visible()
    console.keyboard.press("Alt+7")
    expect(console.locator("#transfer-114")).to_contain_text("đã chuyển")
    draft = console.input_value("[name=draft]")
    console.keyboard.type(", lầu hai")
    while saved(site) != ("Cháy nhà, có người kẹt bên trong, khói đen kín, lầu hai", None):
        console.wait_for_timeout(50)
    assert console.input_value("[name=draft]") == draft, "what is typed on is of the call that was put through"
    with site.world.hotline.database.reading() as session:
        assert session.scalar(select(func.count(CallDraft.id))) == 1


def test_a_call_pops_up_in_its_box_while_something_is_typed_and_takes_nothing_away(console: Page, site: Site) -> None:
    console.keyboard.type(TEXT)
    ring(site, "0918333444")
    expect(console.locator("#now")).to_contain_text("0918 333 444")
    assert console.input_value("#text") == TEXT
    with console.expect_navigation():  # until the keys are listened to again
        console.keyboard.press("Alt+a")
    expect(console.locator("#contact_phone")).to_have_value("0918 333 444")
    assert console.input_value("#text") == ""
    console.keyboard.press("Alt+o")  # back to the draft that was kept
    expect(console.locator("#text")).to_have_value(TEXT)


def test_a_call_that_waits_stays_in_its_place_and_is_taken_though_its_box_is_new(console: Page, site: Site) -> None:
    console.keyboard.type(TEXT)
    ring(site, "0918555666")
    box = console.locator("#now")
    expect(box).to_contain_text("0918 555 666")
    box.locator("li").first.evaluate("(line) => (line.dataset.same = 'yes')")
    for _ in range(2):
        with console.expect_response(lambda answer: "/desk/now" in answer.url):
            pass
    assert box.locator("li").first.get_attribute("data-same") == "yes"
    console.keyboard.type(", nguy hiểm")
    box.locator("[data-mine] form").first.evaluate("(form) => { form.requestSubmit(); form.remove(); }")
    expect(console.locator("#contact_phone")).to_have_value("0918 555 666")


def test_a_call_back_is_arranged_and_a_draft_handed_over_by_keys(console: Page, site: Site) -> None:
    console.keyboard.press("F2")
    console.keyboard.type("0907555666")
    console.keyboard.press("F4")
    console.keyboard.type(TEXT)
    console.keyboard.press("F8")
    assert console.input_value("#callback-number") == "0907555666"
    expect(console.locator("#callback-when")).to_be_focused()
    console.keyboard.type("sớm")
    console.keyboard.press("Control+Enter")
    expect(console.locator("#callback [data-problems]")).to_contain_text("Chưa hiểu giờ gọi lại")
    console.fill("#callback-when", "15")
    console.keyboard.press("Control+Enter")
    expect(console.locator("#said")).to_contain_text("Đã hẹn gọi lại lúc")
    console.keyboard.press("F9")
    console.keyboard.press("ArrowDown")
    console.keyboard.press("Tab")
    console.keyboard.type("Chị hỏi giúp.")
    with console.expect_navigation():  # until the keys are listened to again
        console.keyboard.press("Control+Enter")
    expect(console.locator("#text")).to_have_value("")
    console.keyboard.press("Alt+g")
    expect(console.locator("h1")).to_have_text("Gọi lại")
    expect(console.locator("main")).to_contain_text("0907 555 666")


def test_a_call_back_has_nothing_of_an_earlier_one(console: Page) -> None:
    """Neither that it is confidential, nor the name of another caller, nor why to ring that one."""
    console.fill("#contact_name", "Chị An")
    console.select_option("#submission_type", "to-cao")
    console.keyboard.press("F8")
    expect(console.locator("#callback [name=submission_type]")).to_have_value("to-cao")
    console.fill("#callback-note", "Hỏi số nhà")
    console.keyboard.press("Escape")
    console.select_option("#submission_type", "")
    console.fill("#text", TEXT)
    console.keyboard.press("Control+Enter")
    expect(console.locator(".code")).to_have_text(CODE)
    console.keyboard.press("F8")
    for field in ("submission_type", "name", "note"):
        expect(console.locator(f"#callback [name={field}]")).to_have_value("")


def test_nobody_leaves_the_page_while_its_text_cannot_be_saved(console: Page) -> None:
    console.keyboard.type(TEXT)
    console.route("**/desk/drafts", lambda route: route.abort())
    console.keyboard.type(", nguy hiểm")
    here = console.url
    for keys in ("Alt+m", "Alt+x"):
        console.keyboard.press(keys)
        expect(console.locator("#said")).to_contain_text("Đừng đóng trang")
        assert console.url == here
        assert console.input_value("#text") == f"{TEXT}, nguy hiểm"
        console.evaluate("document.querySelector('#said').textContent = ''")


def test_a_refusal_is_told_in_place_and_loses_nothing(console: Page) -> None:
    console.keyboard.type("ngắn")
    console.keyboard.press("Control+Enter")
    expect(console.locator("#outcome [data-errors]")).to_be_focused()
    assert console.input_value("#text") == "ngắn"
    console.keyboard.press("F4")
    console.keyboard.press("End")
    console.keyboard.type(" quá nên thêm chữ")
    console.keyboard.press("Control+Enter")
    expect(console.locator(".code")).to_have_text(CODE)


def test_a_console_that_was_open_for_too_long_files_on_the_second_press(console: Page) -> None:
    console.keyboard.type(TEXT)
    console.evaluate("document.querySelector('[name=form_token]').value = 'of yesterday'")
    console.keyboard.press("Control+Enter")
    expect(console.locator("#outcome [data-errors]")).to_be_focused()
    console.keyboard.press("Control+Enter")
    expect(console.locator(".code")).to_have_text(CODE)


def test_what_a_small_form_could_not_do_is_said(console: Page) -> None:
    """By the seat, which has no place for problems, by a dialog, and by the button that notes an emergency."""
    said, failed = console.locator("#said"), "Chưa làm được"
    console.fill("#extension", "không phải số")
    console.keyboard.press("Enter")
    expect(said).to_contain_text("Máy nhánh")
    page = {"status": 500, "content_type": "text/html", "body": "<!doctype html><html><h1>Hỏng</h1></html>"}
    console.route("**/desk/callbacks", lambda route: route.fulfill(**page))
    console.keyboard.press("F8")
    console.fill("#callback-number", "0907555666")
    console.fill("#callback-when", "15")
    console.keyboard.press("Control+Enter")
    expect(console.locator("#callback [data-problems]")).to_contain_text(failed)
    assert console.locator("#callback h1").count() == 0
    console.keyboard.press("Escape")
    console.route("**/transferred", lambda route: route.abort())
    console.fill("#text", "Cháy nhà, có người kẹt bên trong, khói đen kín")
    console.click("#transfer-114")
    expect(said).to_contain_text(failed)


def test_axe_finds_nothing_on_the_console_in_any_state(chromium: Browser, site: Site, language: str) -> None:
    with examined(chromium, site, language, "call-taker") as page:
        found = {name: violations(page, name) for name in states(page)}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def states(page: Page) -> Iterator[str]:
    """Bring the console into each of its states."""
    yield "draft"
    page.goto("/desk?new=1")
    page.fill("#text", f"Cháy nhà, có người kẹt bên trong. {TEXT} {LONG}")
    page.fill("#place_text", PLACE)
    page.fill("#contact_phone", "0901234567")
    page.wait_for_selector("#transfer-114")
    page.wait_for_selector("#caller li")
    page.keyboard.press("Alt+1")
    page.wait_for_selector("#topic-1[aria-pressed=true]")
    yield "typed"
    for keys in ("F1", "F8", "F9"):
        page.keyboard.press(keys)
        yield keys
        page.keyboard.press("Escape")
    page.fill("#text", "x")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-errors]")
    yield "refused"
    page.fill("#text", TEXT)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#filed")
    yield "filed"
    page.goto("/desk/callbacks")
    yield "call-backs"


def ring(site: Site, number: str) -> None:
    """Let a telephone exchange announce a call at the call-taker's extension, as a program does."""
    token = calls.add_exchange(site.world.hotline, f"Tổng đài {uuid4().hex}")
    told = {"call_id": uuid4().hex, "number": number, "extension": "101", "event": "ringing"}
    answer = httpx.post(f"{site.url}/api/v1/calls", json=told, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["state"] == "offered"


def saved(site: Site) -> tuple[str | None, str | None] | None:
    """Return text and place of the only draft there is."""
    with site.world.hotline.database.reading() as session:
        row = session.scalars(select(CallDraft)).one_or_none()
    said = opened(site.world.hotline, row.envelope) if row is not None else {}
    return (said.get("text"), said.get("place_text")) if said else None
