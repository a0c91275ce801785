"""The headers that answers of the console are sent with. Spec: CON-8.1 to 8.3, CON-8.8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tocsin.console.route import ConsoleRequest

Headers = tuple[tuple[str, str], ...]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The policy of every page (CON-8.1)."""

MAILBOX_POLICY: Final = f"{POLICY}; frame-src 'self'"
"""That of a page which shows a mail in a frame."""

_PERMISSIONS: Final = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
_YEAR: Final = 31_536_000


def html_headers(request: ConsoleRequest, *, is_public: bool, policy: str = POLICY) -> Headers:
    """Those of a page. `is_public` is for pages that anybody may open, whose address is nobody else's business."""
    return (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer" if is_public else "same-origin"),
        ("X-Frame-Options", "DENY"),
        ("Cache-Control", "no-store"),
        *_everywhere(request),
    )


def document_headers(
    request: ConsoleRequest, content_type: str, *, policy: str = "default-src 'none'", may_be_framed: bool = False
) -> Headers:
    """Those of what is no page of ours: downloads, texts, mails."""
    return (
        ("Content-Type", content_type),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "SAMEORIGIN" if may_be_framed else "DENY"),
        ("Cache-Control", "no-store"),
        *_everywhere(request),
    )


def static_headers(request: ConsoleRequest, content_type: str) -> Headers:
    """Those of a file that never changes under its address."""
    return (
        ("Content-Type", content_type),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
        ("Cache-Control", f"public, max-age={_YEAR}, immutable"),
        ("Vary", "Accept-Encoding"),
        *_everywhere(request),
    )


def _everywhere(request: ConsoleRequest) -> Headers:
    told = (
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", _PERMISSIONS),
        ("x-amzn-RequestId", request.request_id),
    )
    return (*told, ("Strict-Transport-Security", f"max-age={_YEAR}")) if request.is_https else told
