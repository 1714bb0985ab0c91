"""The words that decided, shown where the citizen wrote them."""

import re
from collections.abc import Sequence


def marked(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """Split a text into (fragment, decisive) so that joining the fragments gives the text back."""
    found = [re.escape(word) for word in sorted({w for w in words if w.strip()}, key=len, reverse=True)]
    if not found:
        return [(text, False)]
    pattern = re.compile(rf"(?<!\w)({'|'.join(found)})(?!\w)", re.IGNORECASE)
    fragments: list[tuple[str, bool]] = []
    end = 0
    for match in pattern.finditer(text):
        fragments += [(text[end : match.start()], False), (match.group(), True)]
        end = match.end()
    fragments.append((text[end:], False))
    return [fragment for fragment in fragments if fragment[0]]
