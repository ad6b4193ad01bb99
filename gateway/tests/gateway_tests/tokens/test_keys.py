import json

import pytest
from joserfc.jwk import OKPKey

from gateway import keys
from tht_kit.settings import Misconfigured


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(Misconfigured, match="admin create-key"):
        keys.load(tmp_path / "none.json")


def test_files_that_are_no_key_sets_are_named(tmp_path):
    file = tmp_path / "keys.json"
    public = OKPKey.generate_key("Ed25519", parameters={"kid": "a"}).as_dict(private=False)
    no_kid = OKPKey.generate_key("Ed25519").as_dict(private=True)
    no_kid.pop("kid", None)
    twice = OKPKey.generate_key("Ed25519", parameters={"kid": "a"}).as_dict(private=True)
    other = OKPKey.generate_key("Ed448", parameters={"kid": "a"}).as_dict(private=True)
    for text in (
        "",
        "[]",
        '{"keys": []}',
        json.dumps({"keys": [public]}),
        json.dumps({"keys": [no_kid]}),
        json.dumps({"keys": [twice, twice]}),
        json.dumps({"keys": [other]}),
        '{"keys": [{"kty": "RSA"}]}',
    ):
        file.write_text(text)
        with pytest.raises(Misconfigured, match=r"keys\.json"):
            keys.load(file)


def test_a_key_file_is_never_overwritten(tmp_path):
    file = tmp_path / "keys.json"
    first = keys.create(file)
    with pytest.raises(FileExistsError):
        keys.create(file)
    assert keys.load_or_create(file).signing.kid == first.signing.kid
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
