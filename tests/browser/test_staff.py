"""Each role's day, as one story, on a telephone of 390 px and a screen of 1280 px."""

import re

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import Site, log_in


def test_a_handler_takes_a_ticket_up_and_answers(screen: BrowserContext, site: Site) -> None:
    page = screen.new_page()
    log_in(page, site, "handler")
    expect(page.locator("h1")).to_have_text("Hàng việc")
    page.locator("tr", has_text="Mới chuyển").first.locator("td.words a").click()
    page.click("text=Nhận xử lý")
    page.fill("form[action$='/answer'] textarea", "Đã cử người tới, xong trước tối nay.")
    page.click("text=Gửi trả lời")
    expect(page.locator(".timeline")).to_contain_text("Đã cử người tới, xong trước tối nay.")


def test_a_coordinator_sends_a_doubtful_ticket_on(desk: BrowserContext, site: Site) -> None:
    page = desk.new_page()
    log_in(page, site, "coordinator")
    rows = page.locator("main tbody tr")  # emergencies have a table of their own
    before = rows.count()
    rows.first.locator("a").click()
    page.select_option("#topic_slug", "street-lighting")
    page.select_option("#department_id", "tt_ql_gt_htkt")
    page.click("button.main")
    expect(page.locator("h1")).to_have_text("Quyết định" if before > 1 else "Chờ điều phối")
    page.goto("/review")
    assert rows.count() == before - 1


def test_a_call_is_filed_by_keys_alone(screen: BrowserContext, site: Site) -> None:
    page = screen.new_page()
    log_in(page, site, "call-taker")
    page.keyboard.press("Alt+m")  # the draft of the last call is kept
    page.wait_for_url("**/desk?new=1")
    page.keyboard.type("Người dân báo: rác ba ngày chưa lấy, đầy hẻm, hôi lắm")
    page.keyboard.press("Tab")
    page.keyboard.type("hẻm 45 Phan Huy Ích, phường An Hội Tây")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".code")).to_have_text(re.compile(r"^\w{4}-\w{4}-\w{4}-\w{4}$"))
    assert page.input_value("#text") == ""


def test_a_ticket_of_another_unit_looks_like_none(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    log_in(page, site, "handler")
    address = page.locator("td.words a").first.get_attribute("href") or ""
    log_out = page.locator("header button")
    log_out.click()
    log_in(page, site, "handler-2")
    theirs = page.goto(address)
    absent = page.goto("/work/00000000-0000-4000-8000-000000000000")
    assert theirs is not None
    assert absent is not None
    assert theirs.status == absent.status == 404
    context.close()
