"""What a page may do: run and style with exactly the texts that it was written with, and nothing else.

No host is allowed, so the page makes no request at all; images are data. Scripts and style sheets are
allowed by their sha256, never by ``unsafe-inline``, so text that slips into the page cannot run even if
it were not escaped.
"""

import base64
import hashlib
import re
from collections.abc import Iterable

_INJECTED_STYLE = re.compile(r"""createElement\("style"\)[^{}]{0,200}?\.textContent='((?:[^'\\]|\\.)*)'""")


def content_security_policy(*, scripts: Iterable[str], styles: Iterable[str]) -> str:
    """The policy that allows these inline texts.

    Args:
        scripts: Texts of the page's scripts.
        styles: Texts of the page's style sheets, those that its scripts add included.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_sources(scripts)}",
            f"style-src {_sources(styles)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def injected_styles(bundle: str) -> list[str]:
    """Style sheets that plotly's bundle adds: an empty one that it fills by rule, and that of its maps."""
    return ["", *(_INJECTED_STYLE.findall(bundle))]


def _sources(texts: Iterable[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
