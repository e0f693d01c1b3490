"""Requests of every service: what moto reads in them that AWS does not."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from moto.core.responses import BaseResponse
from moto.s3.responses import S3Response
from werkzeug.datastructures import ImmutableMultiDict

from warmfold.cloud.iam.identity import is_form, signature


def install() -> None:
    """Mend how moto reads a request; each function below says what."""
    _members()
    _regions()
    _objects_are_no_forms()


def _members() -> None:
    """moto looks for members in any body as if it were a form, and where there are none in the headers.

    So a message that holds `&QueueUrl=…` goes to another queue than the one it is sent to.
    """
    setup = BaseResponse.setup_class

    def setup_class(
        self: Any, request: Any, full_url: str | None = None, headers: Any = None, use_raw_body: bool | None = None
    ) -> None:
        automated, self.automated_parameter_parsing = self.automated_parameter_parsing, False
        setup(self, request, full_url, headers, use_raw_body)
        if not request.form:
            self.querystring = self.data = dict(parse_qs(self.parsed_url.query, keep_blank_values=True))
        self.automated_parameter_parsing = automated
        if automated and self._get_action():
            self.parse_parameters(request)

    BaseResponse.setup_class = setup_class


def _regions() -> None:
    """moto takes a call's region from its User-Agent, or from any place of its URL, before it asks the signature."""

    def get_region_from_url(self: Any, request: Any, _: str) -> str:
        return signature(request.environ).region or str(self.default_region)

    BaseResponse.get_region_from_url = get_region_from_url


def _objects_are_no_forms() -> None:
    """moto loses the body of an object whose content type is a form's, and takes members of the request from it."""
    setup = S3Response.setup_class

    def setup_class(self: Any, request: Any, full_url: str | None = None, headers: Any = None) -> None:
        if not is_form(request.environ) or request.method != "POST":
            vars(request)["form"] = vars(request)["files"] = ImmutableMultiDict()
        setup(self, request, full_url, headers)

    S3Response.setup_class = setup_class
