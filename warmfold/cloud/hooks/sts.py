"""STS: the user's own temporary credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse


def install(user_session: Callable[[int], Mapping[str, Any]]) -> None:
    """moto gives everybody the same keys with GetSessionToken and GetFederationToken, and knows neither again.

    `user_session` makes credentials for so many seconds. A federated user has only what a session policy gives, which
    the local cloud does not judge: there are none.
    """

    def get_session_token(self: Any) -> Any:
        return ActionResult({"Credentials": user_session(self._get_int_param("DurationSeconds", 43200))})

    def get_federation_token(_: Any) -> Any:
        raise STSClientError(
            "InvalidAction", "The local cloud has no federated users, for it does not judge session policies."
        )

    TokenResponse.get_session_token = get_session_token
    TokenResponse.get_federation_token = get_federation_token
