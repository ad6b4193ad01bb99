import json
import stat

import pytest

from tht_kit.settings import Misconfigured
from trading_svc.certificates.create_key import main
from trading_svc.certificates.signing import create_key_file, load_or_create_signer, load_signer


def test_what_one_key_signed_no_other_key_confirms(tmp_path):
    one = load_or_create_signer(tmp_path / "one.json")
    other = load_or_create_signer(tmp_path / "other.json")
    token = one.sign(b"content")
    assert one.verified(token) == b"content"
    assert other.verified(token) is None
    head, _, tail = token.partition(".")
    assert one.verified(f"{head}.AAAA{tail[4:]}") is None
    assert one.verified("nonsense") is None


def test_the_key_file_is_private_and_made_once(tmp_path):
    file = tmp_path / "keys" / "certificates.json"
    assert main([str(file)]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    assert main([str(file)]) == 1
    assert main([]) == 2
    with pytest.raises(FileExistsError):
        create_key_file(file)
    assert load_or_create_signer(file).kid == load_signer(file).kid
    assert file.read_text() == before
    assert [path.name for path in file.parent.iterdir()] == ["certificates.json"]


def test_published_keys_hold_no_secret(tmp_path):
    [key] = load_or_create_signer(tmp_path / "k.json").public_keys()["keys"]
    assert "d" not in key
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "Ed25519")


def test_a_rotated_key_still_confirms_old_certificates(tmp_path):
    old_file, new_file, both = (tmp_path / name for name in ("old", "new", "both"))
    old, new = load_or_create_signer(old_file), load_or_create_signer(new_file)
    token = old.sign(b"content")
    [new_key], [old_key] = (json.loads(file.read_text())["keys"] for file in (new_file, old_file))
    old_key.pop("d")
    both.write_text(json.dumps({"keys": [new_key, old_key]}))
    rotated = load_signer(both)
    assert rotated.kid == new.kid
    assert rotated.verified(token) == b"content"


PUBLIC_ONLY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "p5ZVVd--fkudKCX0bNEPff2BJfH66y_vJn4PlED4Sp0",
}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        ("no json", "no JWK set"),
        ("{}", "no JWK set"),
        ('{"keys": []}', "no private key"),
        (json.dumps({"keys": [{"kty": "RSA"}]}), "curve Ed25519"),
        (json.dumps({"keys": [PUBLIC_ONLY]}), "no private key"),
    ],
)
def test_a_key_file_that_cannot_sign_says_so(tmp_path, content, words):
    file = tmp_path / "keys.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Misconfigured, match=words):
        load_signer(file)
