"""A leader's Monday: look, ask why, see the tickets, take the report along; and a screen that hangs on the wall."""

import re
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect
from pypdf import PdfReader

from tests.browser.axe import unfold, violations
from tests.browser.conftest import Site, examined, log_in

PAGES = ("/board", "/board?by=week", "/board/tickets?figure=received", "/board/figures", "/board/tv")


def test_a_leaders_monday_at_a_desk(desk: BrowserContext, site: Site, tmp_path: Path) -> None:
    monday(desk.new_page(), site, tmp_path)


def test_a_leaders_monday_on_a_phone(phone: BrowserContext, site: Site, tmp_path: Path) -> None:
    monday(phone.new_page(), site, tmp_path)


def test_axe_finds_nothing_on_the_board(chromium: Browser, site: Site, language: str) -> None:
    found = {}
    with examined(chromium, site, language, "auditor") as page:
        for path in PAGES:
            page.goto(path)
            unfold(page)
            found[path] = violations(page)
        page.goto("/board?from=x")
        found["refused"] = violations(page)
    assert not {path: wrong for path, wrong in found.items() if wrong}


def test_the_screen_on_the_wall_asks_again_by_itself_and_runs_no_script(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(
        base_url=site.url, viewport={"width": 1920, "height": 1080}, java_script_enabled=False
    )
    page = context.new_page()
    log_in(page, site, "auditor")
    shown = page.goto("/board/tv")
    assert shown is not None
    assert int(shown.header_value("refresh") or 0) == 60
    expect(page.locator("h2", has_text="Tỷ lệ đúng hạn").first).to_be_visible()
    assert page.locator("script").count() == 0
    context.close()


def monday(page: Page, site: Site, folder: Path) -> None:
    """Read the figures of 30 days, see how one is counted and of which tickets, and take the report along."""
    log_in(page, site, "auditor")
    page.click("nav >> text=Số liệu")
    expect(page.locator("h1")).to_have_text("Số liệu")
    fits(page)
    card = page.locator("article", has=page.locator("h2", has_text=re.compile("^Trễ hạn$")))
    late = int(card.locator(".figure a").evaluate("(link) => link.firstChild.textContent"))
    assert late > 0
    card.locator("summary").click()
    expect(card).to_contain_text("Phiếu trả lời sau hạn")
    card.locator("text=Xem câu lệnh SQL").click()
    expect(page.locator("#late pre")).to_contain_text("deadline.met_at > deadline.due_at")
    fits(page)
    page.go_back()
    card.locator(".figure a").click()
    expect(page.locator("td.words")).to_have_count(late)
    fits(page)
    page.locator("td.words a").first.click()
    expect(page.locator(".report")).to_be_visible()
    page.go_back()
    page.click("text=Về bảng số liệu")
    page.select_option("#by", "ward")
    page.click("form.board-ask button.main")
    expect(page.locator("h2", has_text="Theo phường, xã").first).to_be_visible()
    fits(page)
    page.locator(".board-table th a").first.click()
    expect(page.locator("a.chip")).to_have_count(1)
    page.locator("a.chip").click()
    expect(page.locator("a.chip")).to_have_count(0)
    page.fill("#report-from", page.input_value("#from"))
    page.fill("#report-to", page.input_value("#to"))
    with page.expect_download() as download:
        page.click("text=Tải PDF")
    download.value.save_as(folder / "report.pdf")
    assert "Kết quả tiếp nhận và xử lý" in PdfReader(folder / "report.pdf").pages[0].extract_text()
    page.reload()
    page.locator("summary", has_text="Ai đã tải").click()
    expect(page.locator("main")).to_contain_text("Giám sát viên Lan")


def fits(page: Page) -> None:
    """Nothing sticks out to the side, once the page has its style sheets."""
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
