"""AWS's signature, held to AWS's own published vectors.

The suite: https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html, with its key, date and scope. The
request to IAM is the worked example of "Create a signed AWS API request".
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from analysis.sigv4 import AwsKeys, Scope, Signed, signature_headers

KEYS = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SCOPE = Scope("us-east-1", "service")
NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
HOST = "https://example.amazonaws.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("name", "signed", "signature"),
    [
        (
            "get-vanilla",
            Signed("GET", f"{HOST}/", {}),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-vanilla-query-order-key-case",
            Signed("GET", f"{HOST}/?Param2=value2&Param1=value1", {}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "get-utf8",
            Signed("GET", f"{HOST}/\u1234", {}),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ),
        (
            "get-relative",
            Signed("GET", f"{HOST}/example/..", {}),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "get-slash-pointless-dot",
            Signed("GET", f"{HOST}/./example", {}),
            "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
        ),
        (
            "get-slashes",
            Signed("GET", f"{HOST}//example//", {}),
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ),
        (
            "post-vanilla",
            Signed("POST", f"{HOST}/", {}),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "post-x-www-form-urlencoded",
            Signed("POST", f"{HOST}/", FORM, b"Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
)
def test_the_vectors_of_the_suite_hold(name: str, signed: Signed, signature: str) -> None:
    """Paths, queries and bodies."""
    headers = signature_headers(signed, KEYS, SCOPE, NOW)

    assert headers["authorization"].endswith(f"Signature={signature}"), name
    assert headers["x-amz-date"] == "20150830T123600Z"


def test_the_worked_example_holds() -> None:
    """The whole header, of a request to IAM."""
    url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"
    signed = Signed("GET", url, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})

    assert signature_headers(signed, KEYS, Scope("us-east-1", "iam"), NOW)["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


def test_a_session_is_signed_for() -> None:
    """The token of temporary keys goes along, and is covered."""
    headers = signature_headers(Signed("GET", HOST, {}), AwsKeys("A", "S", "tok"), SCOPE, NOW)

    assert headers["x-amz-security-token"] == "tok"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in headers["authorization"]


def test_the_zone_of_the_clock_does_not_matter() -> None:
    """Dates are told in UTC."""
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    signed = Signed("GET", f"{HOST}/a%20b?x=%C3%BC+y&x", {"x-amz-target": " two  spaces "})

    assert signature_headers(signed, KEYS, SCOPE, there) == signature_headers(signed, KEYS, SCOPE, NOW)
