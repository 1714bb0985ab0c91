"""axe-core on a page as it stands: on a phone and at a desk, in light and dark, and that nothing scrolls sideways."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

AXE: Final = Path(__file__).parents[2] / "app/static/vendor/axe.min.js"
SIZES: Final = ((390, 844), (1280, 900))
#: The phone's theme and the desk's, by the page's language. Every page is looked at in both languages, so in all four
#: pairs of size and theme, and each look takes its time.
THEMES: Final[Mapping[str, tuple[Any, Any]]] = {"vi": ("light", "dark"), "en": ("dark", "light")}
#: What another size or theme can break; all other rules are asked once.
OF_LOOKS: Final = ("color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable")
#: Pins stand where the reports are, however near; the list leads to the same (WCAG 2.5.8, "equivalent").
PIN: Final = 'class="map-pin-body'
#: Names a folder in which a picture of every page that is looked at is kept.
PICTURES: Final = "LANGNGHE_SCREENSHOTS"
#: What makes a page wider than its window, last what is scrolled by itself and should not be what does.
_STICKING_OUT: Final = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
    ["wider:", ...[...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth)
    .sort((one, other) => Boolean(one.closest(".scroll, .board")) - Boolean(other.closest(".scroll, .board")))
    .map((one) => one.outerHTML.slice(0, 160))]"""
#: Only what is wrong is asked for: to describe all that is right takes as long again.
_RUN: Final = """(rules) => axe.run({
    resultTypes: ["violations"],
    ...(rules ? { runOnly: { type: "rule", values: rules } } : {}) })"""


def violations(page: Page, state: str = "") -> list[str]:
    """Return what axe-core (WCAG 2.2 A and AA, and best practice) finds, and where it does; the page stays as it was.

    `state` says in which state of several the page is, for the name of its picture.
    """
    page.add_script_tag(path=AXE)
    before = page.viewport_size
    found: list[str] = []
    themes = THEMES[page.evaluate("document.documentElement.lang")]
    for (width, height), theme, rules in zip(SIZES, themes, (None, OF_LOOKS), strict=True):
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{width} px, sticks out: {html}" for html in page.evaluate(_STICKING_OUT)]
        found += [f"{width} px, {theme}: {wrong}" for wrong in _asked(page, theme, rules)]
        _keep_picture(page, state, width)
    page.emulate_media(color_scheme="light")
    if before is not None:
        page.set_viewport_size(before)
    return found


def unfold(page: Page) -> None:
    """Open what is folded, so that it is looked at too."""
    page.evaluate("document.querySelectorAll('details').forEach((folded) => { folded.open = true; })")


def _asked(page: Page, theme: Any, rules: tuple[str, ...] | None) -> list[str]:
    page.emulate_media(color_scheme=theme)
    found: dict[str, Any] = page.evaluate(_RUN, rules)
    wrong = [(v["id"], node["html"]) for v in found["violations"] for node in v["nodes"]]
    return [f"{rule}: {html[:160]}" for rule, html in wrong if not (rule == "target-size" and PIN in html)]


def _keep_picture(page: Page, state: str, width: int) -> None:
    """Keep the phone's page in dark as it is now, the desk's in light: each page once in each theme."""
    folder = os.environ.get(PICTURES)
    if not folder:
        return
    page.emulate_media(color_scheme="dark" if width == SIZES[0][0] else "light")
    where = page.evaluate("document.documentElement.lang + location.pathname + location.search")
    name = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "id", f"{where} {state}")
    path = Path(folder) / f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')}-{width}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True)
