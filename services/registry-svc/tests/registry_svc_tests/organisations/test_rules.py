import csv
from pathlib import Path

import pytest

from registry_svc.organisations.errors import OrganisationCodeInvalid
from registry_svc.organisations.rules import ALPHABET, check_character, check_code

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
            refusal(VALID[:position] + char + VALID[position + 1 :])


@pytest.mark.skipif(not VECTORS.exists(), reason=f"{VECTORS} is not on this machine")
def test_public_codes_are_judged_as_the_list_says():
    with VECTORS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 100
    for row in rows:
        code = row["code"]
        assert check_character(code[:-1]) == row["check_char_computed"], code
        if row["recomputed"] == "valid":
            check_code(code, pointer="/organisation_code")
        else:
            assert row["check_char_computed"] in str(refusal(code))
