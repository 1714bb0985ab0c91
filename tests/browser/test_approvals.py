"""A second reader's page of answers that wait: by keys, without JavaScript, in both languages and themes."""

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.axe import violations
from tests.browser.conftest import Site, examined, log_in

PAGE = "/work/approvals"
FIRST = "td.words > a"


def test_answers_that_wait_are_walked_opened_and_sent_by_keys(desk: BrowserContext, site: Site) -> None:
    page = desk.new_page()
    log_in(page, site, "supervisor")
    page.goto("/work")
    link = page.locator(f"main a[href='{PAGE}']")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{PAGE}")
    answers = page.locator(FIRST)
    before = answers.count()
    assert before >= 3
    page.keyboard.press("j")
    expect(answers.first).to_be_focused()
    page.keyboard.press("j")
    expect(answers.nth(1)).to_be_focused()
    page.keyboard.press("k")
    words = answers.first.text_content() or ""
    page.keyboard.press("Enter")
    page.wait_for_url("**#waiting")
    expect(page.locator("#waiting blockquote").first).to_contain_text(words.rstrip("…")[:60])
    page.locator("#waiting button.main").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#waiting", state="detached")
    page.goto(PAGE)
    expect(answers).to_have_count(before - 1)


def test_they_are_read_and_given_back_without_javascript(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    log_in(page, site, "supervisor")
    page.goto(PAGE)
    before = page.locator(FIRST).count()
    page.locator(FIRST).last.click()
    page.click("#waiting summary")
    page.fill("#waiting textarea", "Bạn ghi rõ ngày nào xong.")
    page.click("#waiting details button")
    expect(page.locator("#waiting")).to_have_count(0)
    page.goto(PAGE)
    expect(page.locator(FIRST)).to_have_count(before - 1)
    context.close()


def test_axe_finds_nothing_on_the_page_with_answers_and_without(chromium: Browser, site: Site, language: str) -> None:
    found = {}
    for person, addresses in {
        "supervisor": (PAGE, "/work", "/replies"), "handler-2": (PAGE,), "coordinator": (PAGE, "/review", "/replies"),
    }.items():  # fmt: skip
        with examined(chromium, site, language, person) as page:
            for address in addresses:
                page.goto(address)
                found[person, address] = violations(page, person)
    assert not {name: wrong for name, wrong in found.items() if wrong}
