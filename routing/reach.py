"""How a unit is reached: numbers and addresses in one form each. Facts: Google's `phonenumbers`, `email-validator`."""

from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberFormat

#: The country whose numbers are written without a code in front.
COUNTRY: Final = "VN"


def phone_written(typed: str) -> str:
    """Return a number as people of the country write it (`1900 545454`, `114`); `ValueError` for what is none."""
    try:
        number = phonenumbers.parse(typed, COUNTRY)
    except phonenumbers.NumberParseException:
        raise ValueError("not a phone number") from None
    home = number.country_code == phonenumbers.country_code_for_region(COUNTRY)
    if phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(
            number, PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
        )
    short = str(number.national_number)
    # the package knows 113 and its like, but not the four digits of telephone exchanges such as 1022
    if home and len(short) in {3, 4} and short.startswith("1"):
        return short
    raise ValueError("not a phone number")


def email_written(typed: str) -> str:
    """Return an e-mail address in one form; `ValueError` for what is none. Nobody is asked whether it exists."""
    try:
        return validate_email(typed, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("not an e-mail address") from None
