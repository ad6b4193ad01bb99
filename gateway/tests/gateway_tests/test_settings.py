import pytest

from gateway.settings import GatewaySettings
from tht_kit.settings import Misconfigured, load

GIVEN = {
    "database_url": "postgresql://x@localhost/gateway",
    "bus": "kafka",
    "kafka_bootstrap": "127.0.0.1:9092",
    "auth_issuer": "https://gateway.test",
    "auth_jwks_url": "https://gateway.test/.well-known/jwks.json",
    "cursor_secret": "0123456789abcdef0123456789abcdef",
    "signing_key_file": "/keys.json",
}
UPSTREAMS = {
    f"upstream_{name}": "http://127.0.0.1:9"
    for name in ("registry", "issuance", "trading", "points")
}


def test_complete_settings_load():
    assert load(GatewaySettings, **GIVEN, **UPSTREAMS).body_bytes_max == 1024 * 1024


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"signing_key_file": None}, "GATEWAY_SIGNING_KEY_FILE"),
        ({"upstream_trading": None}, "GATEWAY_UPSTREAM_TRADING is not set"),
        ({"upstream_points": "points"}, "GATEWAY_UPSTREAM_POINTS is wrong"),
        ({"rate_partner": "many"}, "GATEWAY_RATE_PARTNER is wrong"),
        ({"body_bytes_max": 1}, "GATEWAY_BODY_BYTES_MAX is wrong"),
    ],
)
def test_what_is_missing_or_wrong_is_said(change, words):
    with pytest.raises(Misconfigured, match=words):
        load(GatewaySettings, **GIVEN | UPSTREAMS | change)
