import base64

import pytest

from tht_kit.errors import CursorInvalid
from tht_kit.pagination import CursorCodec
from tht_shared_tests.http.conftest import writer

PATH = "/v1/effects"
CODEC = CursorCodec("s" * 32)


@pytest.fixture
async def made(api):
    names = [f"n-{number:02d}" for number in range(7)]
    for name in names:
        await api.post(PATH, json={"name": name}, headers=writer())
    return names


async def pages(api, **query):
    cursor, seen = None, []
    while True:
        page = (await api.get(PATH, params=query | ({"cursor": cursor} if cursor else {}))).json()
        seen.append([item["name"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return seen


@pytest.mark.parametrize(
    ("limit", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (6, [6, 1]), (7, [7]), (200, [7])]
)
async def test_pages_show_every_row_once_and_end(api, made, limit, sizes):
    seen = await pages(api, limit=limit)
    assert [len(page) for page in seen] == sizes
    assert [name for page in seen for name in page] == made


async def test_a_page_of_nothing_ends(api):
    assert await pages(api, limit=3) == [[]]


async def test_rows_inserted_meanwhile_do_not_shift_the_next_page(api, made):
    first = (await api.get(PATH, params={"limit": 3})).json()
    await api.post(PATH, json={"name": "n-00a"}, headers=writer())
    second = (await api.get(PATH, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [item["name"] for item in second["items"]] == made[3:6]


async def test_a_cursor_of_another_filter_or_list_is_refused(api, made):
    cursor = (await api.get(PATH, params={"limit": 1, "prefix": "n"})).json()["next_cursor"]
    taken = await api.get(PATH, params={"prefix": "n", "cursor": cursor, "limit": 5})
    assert taken.status_code == 200  # another page size is fine
    for query in ({}, {"prefix": "n-"}, {"prefix": ["n", "n"]}):
        answer = await api.get(PATH, params=query | {"cursor": cursor})
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/cursor-invalid")
        assert answer.json()["errors"][0]["pointer"] == "query:cursor"


def test_a_cursor_decodes_to_its_position():
    position = ["91500000MATHT0038A", 7, None]
    cursor = CODEC.encode("list", [("kind", "owner")], position)
    assert CODEC.decode("list", [("kind", "owner")], cursor) == position


def test_a_cursor_of_another_secret_is_refused():
    cursor = CODEC.encode("list", [], ["a"])
    with pytest.raises(CursorInvalid):
        CursorCodec("t" * 32).decode("list", [], cursor)


def test_every_altered_byte_is_noticed():
    raw = base64.urlsafe_b64decode(CODEC.encode("list", [], ["position"]) + "==")
    for index in range(len(raw)):
        altered = raw[:index] + bytes([raw[index] ^ 1]) + raw[index + 1 :]
        with pytest.raises(CursorInvalid):
            CODEC.decode("list", [], base64.urlsafe_b64encode(altered).decode().rstrip("="))


@pytest.mark.parametrize("cursor", ["", "a", "!!!!", "游标", "AAAA", "A" * 1024])
def test_nonsense_is_refused(cursor):
    with pytest.raises(CursorInvalid):
        CODEC.decode("list", [], cursor)
