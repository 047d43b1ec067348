"""What may be kept of a CRM's words."""

from __future__ import annotations

import pytest

from connectors.answers import code, words

SECRET = "s3cretS3cret"  # noqa: S105 - planted


@pytest.mark.parametrize(
    "text",
    [
        f"Rejected: Authorization: Bearer {SECRET}.x-y_z==",
        f"Basic {SECRET}== was sent",
        f'{{"refresh_token": "{SECRET}", "x": 1}}',
        f"grant_type=password&client_secret={SECRET}&x=1",
        f"client_secret={SECRET}",
        f"sessionId: 00Dxx0000001gPL!AQ{SECRET}.abc_d",
        f"by 00Dxx0000001gPL!AQ{SECRET}.abc_d",
        f"key pat-na1-{SECRET}-4a4b",
        f"eyJhbGciOi.{SECRET}.abc-d_e",
    ],
)
def test_credentials_are_taken_out(text: str) -> None:
    """In any shape in which an answer could repeat the call."""
    assert SECRET not in words(text)
    assert "[redacted]" in words(text)


@pytest.mark.parametrize(
    "text",
    [
        'Property values were not valid: "tier_9" was not one of the allowed options',
        "The bearer of this title, a Basic customer, has no token: none",
        "Password is too short",
    ],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    """An admin reads them to find the rule that refuses."""
    assert words(text) == text


def test_a_credential_is_no_code() -> None:
    """What has the form of a code is copied into messages, a token never."""
    assert code("INVALID_OPTION") == "INVALID_OPTION"
    assert code("crm.objects.companies.read") == "crm.objects.companies.read"
    assert code(f"pat-na1-{SECRET}") == ""
    assert words(None) == ""
