#!/usr/bin/env python3
"""Write docs/checks.md from the docstrings of the tests, so that a claim and its proof cannot part."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "checks.md"
#: What each check of the design promises, in a line.
PROMISES = {
    1: "A job killed midway leaves one effect",
    2: "A dead worker loses nothing",
    3: "A deploy drains",
    4: "Intake does not need Redis",
    5: "A lost queue is rebuilt",
    6: "A frozen Redis stops nobody from filing, and nobody gets in unthrottled",
    7: "The database may restart, break or be away",
    8: "A repeated report is one ticket",
    9: "So are simultaneous repeats",
    10: "Idempotency keys are not misused",
    11: "Eight deliveries have one effect",
    12: "A poison job stands aside",
    13: "The status machine holds under contention",
    14: "A bad artifact or rules file is refused by name, and service goes on",
    15: "Migrations go up, down and up on filled tables",
    16: "Size limits hold in every encoding",
    17: "Undecodable and control characters are refused, never a 500",
    18: "One text has one form",
    19: "Malformed and overposted JSON changes nothing",
    20: "Text is only ever text",
    21: "Exports cannot execute",
    22: "Photos forget where they were",
    23: "Uploads are what they say",
    24: "Bombs do not go off",
    25: "Everybody sees what the access table says",
    26: "Codes cannot be found",
    27: "Sessions and forged posts",
    28: "Guessing passwords",
    29: "Webhooks stay outside",
    30: "Nothing leaks",
}


def claims() -> Iterator[tuple[int, str, str]]:
    """Yield (check, test, what it does) for every test whose docstring begins with "Check N"."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                words = " ".join((ast.get_docstring(node) or "").split())
                found = re.match(r"Check (\d+)(?:, [^.]*)?\. ?", words)
                if found:
                    yield int(found[1]), f"{path.relative_to(ROOT)}::{node.name}", words[found.end() :]


def page() -> str:
    """Return the page as it should stand."""
    by_check: dict[int, list[tuple[str, str]]] = {number: [] for number in PROMISES}
    for number, test, words in claims():
        by_check[number].append((test, words))
    lines = [
        "# Checks: fault or bad input in, promise out",
        "",
        "*Written by `scripts/checks.py` from the tests' docstrings; do not edit. Every test runs on SQLite and",
        "PostgreSQL where a database is in it. Each was seen to fail without the safeguard that it names.*",
    ]
    for number, promise in PROMISES.items():
        lines += ["", f"## {number}. {promise}", ""]
        if not by_check[number]:
            lines.append("Not tested: not built or not tested yet.")
        lines += [f"- `{test}`: {words}" for test, words in by_check[number]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
