"""A handler's morning: the list narrowed, searched without marks, many taken up at once, undone, and taken out."""

from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, expect
from sqlalchemy import update

from app.bench.world import World
from app.work import bulk
from models.worklist import Bulk
from tests.browser.axe import unfold, violations
from tests.browser.conftest import Site, examined, log_in


def test_a_handlers_morning(screen: BrowserContext, site: Site, tmp_path: Path) -> None:
    page = screen.new_page()
    log_in(page, site, "handler")
    expect(page.locator("h1")).to_have_text("Hàng việc")
    waiting = page.locator("table.queue tbody tr")
    everything = waiting.count()
    assert everything >= 3

    page.fill("#q", "den duong")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=den*")
    found = waiting.count()
    assert 0 < found <= everything
    page.click("text=Bỏ mọi bộ lọc")
    page.locator("summary", has_text="Lọc thêm").click()
    page.select_option("#status", "routed")
    page.get_by_role("button", name="Lọc", exact=True).click()
    page.wait_for_url("**status=routed*")
    new = waiting.count()
    assert new >= 2
    for number in range(2):
        waiting.nth(number).locator("input[name=chosen]").check()
    page.get_by_role("button", name="Nhận xử lý").click()
    expect(page.locator("#outcome")).to_contain_text("Sắp nhận xử lý 2 phiếu.")
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.locator("#outcome")).to_have_count(0)
    assert waiting.count() == new

    waiting.first.locator("input[name=chosen]").check()
    page.get_by_role("button", name="Để xem sau").click()
    expect(page.locator("#outcome")).to_contain_text("Sắp để 1 phiếu xem sau.")
    take_what_is_due(site.world)
    expect(page.locator("#outcome")).to_contain_text("Đã để 1 phiếu xem sau.", timeout=15_000)  # by itself
    expect(waiting.first).to_contain_text("Xem sau")

    with page.expect_download() as csv:
        page.get_by_role("button", name="CSV").click()
    csv.value.save_as(tmp_path / "phieu.csv")
    assert (tmp_path / "phieu.csv").read_text("utf-8-sig").count("Mới chuyển") == new
    with page.expect_download() as workbook:
        page.get_by_role("button", name="Excel").click()
    assert workbook.value.suggested_filename.endswith(".xlsx")


def take_what_is_due(world: World) -> None:
    """Do what the relay does each second, which this site does not run: here all is due at once."""
    with world.hotline.database.transaction() as session:
        session.execute(update(Bulk).values(due_at=Bulk.made_at))
    bulk.carry_out(world.hotline)


def test_the_list_is_not_renewed_under_somebody_who_is_at_something(desk: BrowserContext, site: Site) -> None:
    page = desk.new_page()
    page.clock.install()
    log_in(page, site, "handler")
    page.locator("input[name=chosen]").first.check()
    page.get_by_role("button", name="Để xem sau").click()
    expect(page.locator("#outcome")).to_be_visible()
    page.evaluate("window.same = true")
    page.keyboard.press("j")
    page.clock.run_for(30_000)
    assert page.evaluate("window.same"), "a row has the focus"
    page.fill("#q", "den duong")
    page.evaluate("document.activeElement.blur()")
    page.clock.run_for(1000)
    assert page.evaluate("window.same"), "words are typed"
    page.fill("#q", "")
    page.evaluate("document.activeElement.blur()")
    page.clock.run_for(1000)
    page.wait_for_function("!window.same")


def test_a_queue_is_walked_and_ticked_by_keys(desk: BrowserContext, site: Site) -> None:
    page = desk.new_page()
    log_in(page, site, "handler")
    links = page.locator("td.words > a")
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("input[name=chosen]").nth(0)).to_be_checked()
    expect(page.locator("#bulk output")).to_have_text("1")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jx/")
    assert page.input_value("#q") == "jx/"
    page.locator("#keys input").uncheck()
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator("#q")).not_to_be_focused()
    page.locator("#keys input").check()
    links.nth(0).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".report")


def test_a_queue_works_without_javascript(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    log_in(page, site, "handler")
    page.locator("input[name=chosen]").first.check()
    page.get_by_role("button", name="Để xem sau").click()
    expect(page.locator("#outcome")).to_contain_text("Sắp để 1 phiếu xem sau.")
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.locator("#outcome")).to_have_count(0)
    page.get_by_role("link", name="Bảng", exact=True).click()
    expect(page.locator(".board section").first).to_be_visible()
    context.close()


def test_axe_finds_nothing_on_any_list(chromium: Browser, site: Site, language: str) -> None:
    found = {}
    with examined(chromium, site, language, "handler") as page:
        for address in ("/work", "/work?late=1&q=khongco", "/work?show=board", "/work?show=map", "/work?status=x",
                        "/work?urgent=1&q=0901234567"):  # fmt: skip
            page.goto(address)
            unfold(page)
            found[address] = violations(page)
        page.goto("/work")
        page.locator("input[name=chosen]").first.check()
        page.locator("button[value=later]").click()
        page.wait_for_selector("#outcome")
        found["held"] = violations(page, "held")
        page.locator("#outcome button").click()
        page.wait_for_load_state()
    assert not {name: wrong for name, wrong in found.items() if wrong}
