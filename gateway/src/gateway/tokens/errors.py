"""Refusals of the token endpoint: the codes of RFC 6749 5.2, not problem documents."""


class TokenRefused(Exception):
    """One of RFC 6749's error codes, with a sentence for the developer who reads it."""

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status


class InvalidClient(TokenRefused):
    """The client could not be authenticated; which part was wrong is not told."""

    def __init__(self, description: str = "unknown client, wrong secret or revoked") -> None:
        super().__init__("invalid_client", description, status=401)
