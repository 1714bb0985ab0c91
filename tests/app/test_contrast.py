"""Every pair of ink and ground that the stylesheet puts together can be read, in light and in dark."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAIRS = (
    ("ink", "card"),
    ("ink", "ground"),
    ("muted", "card"),
    ("muted", "ground"),
    ("brand", "card"),
    ("brand", "ground"),
    ("brand", "brand-soft"),
    ("brand-ink", "brand"),
    ("late", "late-soft"),
    ("late", "card"),
    ("soon", "soon-soft"),
    ("ok", "ok-soft"),
    ("sealed", "sealed-soft"),
    ("ink", "none-soft"),
    ("ink", "note"),
    ("muted", "note"),
    ("mark-ink", "mark"),
)


def themes() -> dict[str, dict[str, str]]:
    """Return the colour tokens of both themes."""
    css = (ROOT / "app/static/app.css").read_text("utf-8")
    light, dark = re.findall(r":root\{(.*?)\}", css, re.DOTALL)
    return {
        name: dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", part))
        for name, part in (("light", light), ("dark", dark))
    }


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, relative luminance)."""
    first, second = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_words_can_be_read_on_their_ground(theme: str, ink: str, ground: str) -> None:
    colours = themes()[theme]
    assert contrast(colours[ink], colours[ground]) >= 4.5


def test_the_design_page_gives_the_contrast_of_every_pair() -> None:
    page = (ROOT / "docs/design.md").read_text("utf-8")
    assert table() in page


def table() -> str:
    """Return the table of docs/design.md as it should stand there."""
    light, dark = themes()["light"], themes()["dark"]
    return "\n".join(
        f"| {ink} on {ground} | `{light[ink]}` | `{light[ground]}` | {contrast(light[ink], light[ground]):.1f} "
        f"| `{dark[ink]}` | `{dark[ground]}` | {contrast(dark[ink], dark[ground]):.1f} |"
        for ink, ground in PAIRS
    )
