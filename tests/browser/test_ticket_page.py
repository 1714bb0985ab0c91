"""The page of one ticket: two people on it, a second reader, templates by keys; a coordinator without a mouse."""

import operator
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.intake.schema import parse_report
from app.intake.service import Filing, file_report
from app.triage import outbox
from app.triage import service as triage
from classifier import artifact
from classifier.predict import Classifier
from models.account import Account
from models.outbox import OutboxEntry
from models.reply import WaitingAnswer
from models.ticket import Ticket, TicketEvent
from models.vocabulary import Channel, Status
from tests.browser.axe import unfold, violations
from tests.browser.conftest import Site, examined, log_in

ANSWER = "form[action$='/answer'] textarea"
REASON = "form[action$='/route'] input[name=reason]"
SHOWS_NOW = "dispatchEvent(new Event('visibilitychange'))"


def test_two_people_on_one_ticket_see_each_other_and_the_slower_one_loses_no_text(
    chromium: Browser, site: Site
) -> None:
    address = f"/work/{in_hand(site)}"
    with person(chromium, site, "handler") as hanh, person(chromium, site, "supervisor") as binh:
        hanh.goto(address)
        binh.goto(address)
        expect(binh.locator("#presence")).to_contain_text("Chuyên viên Hạnh")
        hanh.evaluate(SHOWS_NOW)
        expect(hanh.locator("#presence")).to_contain_text("Trưởng đơn vị Bình")
        hanh.fill(ANSWER, "Đang viết dở câu trả lời thứ nhất")
        binh.fill("textarea[name=note]", "Chờ chị Thảo gọi lại đã.")
        binh.click("text=Lưu ghi chú")
        expect(binh.locator(".timeline")).to_contain_text("Chờ chị Thảo gọi lại đã.")
        hanh.evaluate(SHOWS_NOW)
        expect(hanh.locator("#presence .changed")).to_be_visible()
        hanh.click("text=Gửi trả lời")
        expect(hanh.locator(".notice.bad")).to_contain_text("Đang viết dở câu trả lời thứ nhất")
        assert hanh.input_value(ANSWER) == "Đang viết dở câu trả lời thứ nhất"
        expect(hanh.locator(".timeline")).to_contain_text("Chờ chị Thảo gọi lại đã.")


def test_words_that_were_not_sent_are_offered_again_and_sent_ones_are_not(desk: BrowserContext, site: Site) -> None:
    page = desk.new_page()
    log_in(page, site, "handler")
    address = f"/work/{in_hand(site)}"
    page.goto(address)
    page.fill("textarea[name=note]", "Ghi dở chừng")
    page.goto("/work")
    page.goto(address)
    assert page.input_value("textarea[name=note]") == ""
    page.click(".unsent >> text=Lấy lại")
    assert page.input_value("textarea[name=note]") == "Ghi dở chừng"
    page.click("text=Lưu ghi chú")
    expect(page.locator(".timeline")).to_contain_text("Ghi dở chừng")
    assert page.locator(".unsent").count() == 0
    page.fill("textarea[name=note]", "Ghi rồi bỏ")
    page.click("header button")
    assert page.evaluate("sessionStorage.length") == 0


def test_words_whose_sending_failed_are_offered_again(desk: BrowserContext, site: Site) -> None:
    page = desk.new_page()
    log_in(page, site, "handler")
    address = f"/work/{in_hand(site)}"
    page.goto(address)
    page.fill("textarea[name=note]", "Ghi khi hết phiên")
    desk.clear_cookies()
    page.click("text=Lưu ghi chú")
    expect(page.locator("#presence")).to_have_count(0)
    log_in(page, site, "handler")
    page.goto(f"/work/{one_of_each(site)[0]}")
    page.goto(address)
    expect(page.locator(".unsent")).to_contain_text("Ghi khi hết phiên")


def test_a_page_that_refused_is_loaded_anew_with_its_words_kept(chromium: Browser, site: Site) -> None:
    address = f"/work/{in_hand(site)}"
    with person(chromium, site, "handler") as hanh, person(chromium, site, "supervisor") as binh:
        hanh.goto(address)
        hanh.fill(ANSWER, "Viết dở khi phiếu đổi")
        for number in range(2):
            binh.goto(address)
            binh.fill("textarea[name=note]", f"Ghi lần {number}")
            binh.click("text=Lưu ghi chú")
            expect(binh.locator(".timeline")).to_contain_text(f"Ghi lần {number}")
            if number == 0:
                hanh.click("text=Gửi trả lời")
                expect(hanh.locator(".notice.bad")).to_be_visible()
        hanh.evaluate(SHOWS_NOW)
        hanh.click("text=Tải lại, chữ đang viết được giữ")
        expect(hanh.locator(".unsent")).to_contain_text("Viết dở khi phiếu đổi")
        assert hanh.url.endswith(address)


def test_a_line_that_was_not_sent_is_offered_again_too(desk: BrowserContext, site: Site) -> None:
    doubtful(site.world.hotline, "Đèn đường tắt, trụ đèn nghiêng, tôi không đồng ý")
    page = desk.new_page()
    log_in(page, site, "coordinator")
    page.locator("td.words a").first.click()
    page.fill(REASON, "Người gọi nói rõ nơi")
    page.reload()
    page.click(".unsent >> text=Lấy lại")
    expect(page.locator(REASON)).to_have_value("Người gọi nói rõ nơi")


def test_a_template_is_taken_by_keys_and_shown_as_its_citizen_will_see_it(desk: BrowserContext, site: Site) -> None:
    page = desk.new_page()
    log_in(page, site, "handler")
    page.goto(f"/work/{in_hand(site)}")
    form = page.locator("form[action$='/answer']")
    expect(form.locator(".as-seen")).to_be_hidden()
    form.locator("select").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    words = page.input_value(ANSWER)
    assert words
    assert "{" not in words
    expect(form.locator(".as-seen blockquote")).to_have_text(re.compile(re.escape(words[:30])))
    assert page.url.endswith(str(in_hand(site))), "nothing was sent"


def test_an_answer_waits_for_a_second_person(chromium: Browser, site: Site) -> None:
    address = f"/work/{in_hand(site)}"
    words = "Đã thay bóng mới, tối nay sáng lại."
    with person(chromium, site, "handler") as hanh, person(chromium, site, "supervisor") as binh:
        want_second(binh, wanted=True)
        hanh.goto(address)
        hanh.fill(ANSWER, words)
        hanh.click("text=Gửi người thứ hai duyệt")
        expect(hanh.locator(".waiting")).to_contain_text(words)
        assert hanh.locator("text=Duyệt và gửi người dân").count() == 0
        binh.goto(address)
        binh.click("text=Duyệt và gửi người dân")
        expect(binh.locator(".timeline li").first).to_contain_text(words)
        expect(binh.locator(".timeline li").first).to_contain_text("Hạnh soạn")
        want_second(binh, wanted=False)


def test_a_coordinator_takes_ten_decisions_by_keys_alone(screen: BrowserContext, site: Site) -> None:
    for number in range(10):
        doubtful(site.world.hotline, f"Đèn đường tắt, trụ đèn nghiêng, tôi không đồng ý, lần {number}")
    page = screen.new_page()
    log_in(page, site, "coordinator")
    before = decisions(site)
    page.locator("td.words a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#keys")).to_be_visible()  # once the keys are listened to
    for number in range(10):
        here = page.url
        if number == 3:  # a unit by a part of its name
            page.keyboard.press("c")
            page.keyboard.type("ky thuat ha tang")
            page.keyboard.press("Enter")
        elif number == 6:  # a refusal needs its reason
            page.keyboard.press("k")
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Tab")
            page.keyboard.type("Không nêu việc cụ thể.")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("1")
        page.wait_for_url(partial(operator.ne, here))
    assert decisions(site) == before + 10


def test_a_name_that_no_unit_has_leaves_none_chosen(desk: BrowserContext, site: Site) -> None:
    doubtful(site.world.hotline, "Đèn đường tắt, trụ đèn nghiêng, tôi không đồng ý")
    page = desk.new_page()
    log_in(page, site, "coordinator")
    page.locator("td.words a").first.click()
    expect(page.locator("#keys")).to_be_visible()
    here, first, before = page.url, page.input_value("#department_id"), decisions(site)
    page.keyboard.press("c")
    page.keyboard.type("cong an")
    expect(page.locator("#department_id")).not_to_have_value(first)
    page.keyboard.type(" khong co don vi nao")
    expect(page.locator("#department_id")).to_have_value("")
    page.keyboard.press("Enter")
    page.fill("#department_id_search", "")
    expect(page.locator("#department_id")).to_have_value(first)
    assert (page.url, decisions(site)) == (here, before)


def test_keys_can_be_switched_off(desk: BrowserContext, site: Site) -> None:
    doubtful(site.world.hotline, "Đèn đường tắt, trụ đèn nghiêng, tôi không đồng ý")
    page = desk.new_page()
    log_in(page, site, "coordinator")
    page.locator("td.words a").first.click()
    expect(page.locator("kbd.key").first).to_be_visible()
    page.click("#keys")
    expect(page.locator("kbd.key").first).to_be_hidden()
    here = page.url
    page.keyboard.press("b")
    assert page.url == here
    page.reload()
    page.click("#keys")
    page.locator("h1").click()
    page.keyboard.press("b")
    page.wait_for_url(partial(operator.ne, here))


@pytest.mark.parametrize("name", ["supervisor", "handler", "coordinator"])
def test_axe_finds_nothing_on_a_tickets_pages(chromium: Browser, site: Site, language: str, name: str) -> None:
    """A ticket without an answer, one with an answer that waits, one with an answer that was given back."""
    doubtful(site.world.hotline, "Đèn đường tắt, trụ đèn nghiêng, tôi không đồng ý")
    found: dict[str, list[str]] = {}
    tickets = [f"/work/{ticket_id}" for ticket_id in one_of_each(site)]
    besides = {
        "supervisor": ["/replies", "/replies/new"],
        "handler": ["/replies"],
        "coordinator": [f"/review/{ticket_id}" for ticket_id in in_review(site)],
    }
    with examined(chromium, site, language, name) as page:
        for address in (*tickets, *besides[name]):
            page.goto(address)
            unfold(page)
            found[address] = violations(page, name)
    assert not {where: wrong for where, wrong in found.items() if wrong}


@contextmanager
def person(chromium: Browser, site: Site, name: str) -> Iterator[Page]:
    """Let somebody sit down at a screen of their own."""
    context = chromium.new_context(base_url=site.url, viewport={"width": 1280, "height": 800}, locale="vi-VN")
    page = context.new_page()
    log_in(page, site, name)
    yield page
    context.close()


def want_second(page: Page, *, wanted: bool) -> None:
    """Switch the second person on or off, as who leads the unit."""
    page.goto("/replies")
    page.set_checked("#second_approval", wanted)
    with page.expect_navigation():
        page.get_by_role("button", name="Lưu", exact=True).click()


def in_hand(site: Site) -> uuid.UUID:
    """Return a ticket that the handler's unit works on and of which no answer was written."""
    with site.world.hotline.database.reading() as session:
        written = select(TicketEvent.ticket_id).where(TicketEvent.kind == "answer_written")
        untouched = at_work(session).where(Ticket.id.not_in(written))
        return session.scalars(untouched.order_by(Ticket.received_at, Ticket.id)).first() or (
            pytest.fail("the demonstration has no ticket in hand")
        )


def at_work(session: Session) -> Select[uuid.UUID]:
    """Return the query for the tickets that the handler's unit works on."""
    unit = session.scalars(select(Account.department_id).where(Account.username == "handler")).one()
    return select(Ticket.id).where(Ticket.department_id == unit, Ticket.status == Status.IN_PROGRESS)


def one_of_each(site: Site) -> list[uuid.UUID]:
    """Return tickets that the handler's unit works on: without an answer, with one that waits, with one given back."""
    with site.world.hotline.database.reading() as session:
        theirs = at_work(session).outerjoin(WaitingAnswer, WaitingAnswer.ticket_id == Ticket.id)
        without = WaitingAnswer.ticket_id.is_(None)
        waits, back = and_(~without, WaitingAnswer.back_at.is_(None)), WaitingAnswer.back_at.is_not(None)
        return [session.scalars(theirs.where(state).limit(1)).one() for state in (without, waits, back)]


def in_review(site: Site) -> list[uuid.UUID]:
    """Return one ticket that awaits a coordinator."""
    with site.world.hotline.database.reading() as session:
        return list(session.scalars(select(Ticket.id).where(Ticket.status == Status.NEEDS_REVIEW).limit(1)))


def doubtful(hotline: Hotline, text: str) -> None:
    """File a report that the law keeps from the machine, and let the machine say what it thinks."""
    directory = artifact.current(hotline.settings.models)
    assert directory is not None
    report = parse_report({"text": text, "submission_type": "khieu-nai"})
    file_report(hotline, Filing("test", uuid.uuid4().hex, report, (), Channel.WEB))
    with hotline.database.transaction() as session:
        owed = session.scalars(select(OutboxEntry.id).where(OutboxEntry.done_at.is_(None))).all()
        for entry in outbox.lock_undone(session, owed):
            ticket = session.get_one(Ticket, entry.ticket_id)
            (prediction,) = triage.predict(Classifier.load(directory), [ticket])
            triage.settle(hotline, session, ticket, prediction)
            entry.done_at = hotline.now()


def decisions(site: Site) -> int:
    with site.world.hotline.database.reading() as session:
        decided = TicketEvent.kind.in_(("reviewed", "rejected"))
        return session.scalar(select(func.count(TicketEvent.id)).where(decided)) or 0
