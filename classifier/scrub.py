"""Taking personal data out of a text before it is learned from: numbers, plates, addresses of post boxes."""

import re
from typing import Final

#: It begins where its letters do: to try from each of them takes the square of a long run's time.
EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]+(?:@[\w-]+(?:\.[\w-]+)+)+")
#: A Vietnamese plate such as 59X1-234.56 or 51A 12345.
PLATE: Final = re.compile(r"\b\d{2}\s?-?\s?[A-Za-zĐđ]{1,2}\d?\s?[-.]?\s?\d{3}[.]?\d{1,2}\b")
#: Eight digits or more, however grouped: telephones, identity cards, accounts.
NUMBER: Final = re.compile(r"[+(]{0,2}\d(?:[\s.\-()]{0,3}\d){7,}")
#: What says who somebody is, in the order in which it is looked for.
PERSONAL: Final = (EMAIL, PLATE, NUMBER)


def scrubbed(text: str) -> str:
    """Return a text without e-mail addresses, plates and long numbers; names stay: no word of one report is learned."""
    before = ""
    while before != text:  # what is put in may complete an address with what stood beside it
        before = text
        for pattern, instead in zip(PERSONAL, ("email", "biển số", "số"), strict=True):
            text = pattern.sub(instead, text)
    return text
