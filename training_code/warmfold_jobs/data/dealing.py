"""Where a row goes: into the holdout by its content, or into a part.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HOLDOUT = -1
"""Placement of a row that no candidate ever sees; a placement from 0 up is the number of a part."""
LEFT_OUT = -2
"""Placement of a row whose target is missing: it is in no part and not in the holdout."""


def in_holdout(row: Sequence[str], seed: int, holdout: float) -> bool:
    """Whether a row is of the holdout, a share of `holdout` (0 to 1) of all; its content and the seed alone decide."""
    content = "\x1f".join(row).encode()
    digest = hashlib.blake2b(content, digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(digest, "big") < holdout * 2**64
