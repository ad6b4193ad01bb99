import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_svc.organisations.errors import OrganisationCodeInvalid
from registry_svc.organisations.rules import (
    ALPHABET,
    check_character,
    check_code,
    check_fits,
    check_form,
    subject_check_character,
    subject_check_fits,
    subject_of,
)

VECTORS = Path(__file__).parents[6] / "shared/data/uscc/uscc_vectors.csv"
VALID = "91500000MATHT0038A"


def refusal(code: str) -> OrganisationCodeInvalid:
    with pytest.raises(OrganisationCodeInvalid) as caught:
        check_code(code, pointer="/organisation_code")
    return caught.value


def test_the_alphabet_has_31_characters_without_the_ambiguous_ones():
    assert len(ALPHABET) == 31
    assert not set("IOSVZ") & set(ALPHABET)


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("91500000MATHT0038", "A"),
        ("12120000401359081", "6"),  # a public institution
        ("91152201078377449", "P"),
        ("A1110000600037341", "K"),  # the first character may be a letter
        ("N2500000MA0000001", check_character("N2500000MA0000001")),  # 农村 collective, any value
    ],
)
def test_the_check_character_is_that_of_gb_32100(body, check):
    assert check_character(body) == check
    check_code(body + check, pointer="/organisation_code")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("91500000MATHT0038B", "position 18 should be A, not B"),
        ("91500000MATHT0083A", "position 18 should be"),  # two digits swapped
        ("91500000matht0038a", "position 9 is the lower-case letter m"),
        (" 91500000MATHT0038A", "position 1 is a space"),
        ("91500000 MATHT0038A", "position 9 is a space"),
        ("91500000MATHT0038A\n", "position 19 is a space"),
        ("91500000MATHTO038A", 'position 14 is "O"'),
        ("I1500000MATHT0038A", 'position 1 is "I"'),
        ("９1500000MATHT0038A", 'position 1 is "９"'),
        ("9150000AMATHT0038A", "positions 3 to 8 are the district's digits"),
        ("91500000MATHT0038", "must have 18 characters and has 17"),
        ("91500000MATHT0038AA", "must have 18 characters and has 19"),
        ("", "must have 18 characters and has 0"),
    ],
)
def test_a_wrong_code_is_refused_saying_where(code, says):
    assert says in str(refusal(code))


def test_every_single_wrong_character_is_found():
    for position in range(len(VALID)):
        for char in ALPHABET.replace(VALID[position], ""):
            wrong = VALID[:position] + char + VALID[position + 1 :]
            assert wrong in str(refusal(wrong))


@pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS} is not on this machine")
def test_public_codes_are_judged_as_the_list_says():
    with VECTORS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 100
    for row in rows:
        code = row["code"]
        # Two codes in use fail inside although they fit outside: a warning, no refusal.
        assert subject_check_fits(code) is (row["orgcode_check_gb11714"] == "ok"), code
        assert check_character(code[:-1]) == row["check_char_computed"], code
        if row["recomputed"] == "valid":
            check_code(code, pointer="/organisation_code")
        else:
            assert row["check_char_computed"] in str(refusal(code))


BODIES = st.tuples(
    st.text(ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=9, max_size=9),
).map("".join)


@given(BODIES)
def test_exactly_one_last_character_makes_a_body_a_code(body):
    fitting = [char for char in ALPHABET if check_fits(body + char)]
    assert fitting == [check_character(body)]
    check_code(body + fitting[0], pointer="/organisation_code")
    for char in ALPHABET:
        check_form(body + char, pointer="/organisation_code")


@given(BODIES, st.data())
def test_two_neighbours_that_change_places_are_found(body, data):
    at = data.draw(st.integers(0, len(body) - 2))
    swapped = body[:at] + body[at + 1] + body[at] + body[at + 2 :]
    if swapped != body:
        assert check_character(swapped) != check_character(body)


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("40135908", "1"),  # 12120000401359081 6
        ("07837744", "9"),
        ("67592034", "X"),
        ("L0151012", "8"),
        ("MA2PBM9H", "X"),
        ("29766353", "3"),  # in use as ...297663536K
    ],
)
def test_the_inner_check_character_is_that_of_gb_11714(body, check):
    assert subject_check_character(body) == check


def test_the_subject_is_what_stays_when_the_registration_moves():
    assert subject_of("91500000MATHT0038A") == subject_of("91500103MATHT00383") == "MATHT0038"
