"""What one request to the console may take, in one place. Spec: CON-8.9."""

from __future__ import annotations

from typing import Final

LONGEST_ADDRESS: Final = 8_192
"""Bytes of path and query."""

LARGEST_FORM: Final = 1_048_576
"""Bytes of a body."""

MOST_FIELDS: Final = 2_000
"""Fields of a form, and of a query."""

RENDER_SECONDS: Final = 2.0
"""In which a page is read from the store and rendered; then it is cut off."""

BADGE_SECONDS: Final = 0.5
"""In which the numbers beside the navigation are found; without them a page is better than none."""

REQUESTS_A_SECOND: Final = 20
"""Of one user; of one address, for those who have not signed in."""

REQUESTS_AT_ONCE: Final = 400
"""So many may be saved up, for somebody who opens all their tabs."""
