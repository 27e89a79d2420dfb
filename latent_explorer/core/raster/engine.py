"""Compiled code or numpy: which of them adds points to pixels."""

from __future__ import annotations

import importlib
import logging
import sys
from contextlib import nullcontext
from typing import Any

from latent_explorer.core.loading import no_collections
from latent_explorer.core.raster import plain

KERNELS = "latent_explorer.core.raster.kernels"

log = logging.getLogger("latent_explorer")
_kernels: Any = plain


def load_kernels() -> bool:
    """Draw by compiled code from now on; whether that can be had. Takes up to some seconds: any worker's thread."""
    global _kernels  # noqa: PLW0603 - a program has one set of kernels, exchanged once
    try:
        # What lives now is not to be set aside with it where nothing is loaded.
        with nullcontext() if KERNELS in sys.modules else no_collections():
            _kernels = importlib.import_module(KERNELS)
    except Exception:  # numba does not know this Python or this processor yet, or there is no room for what it makes
        log.exception("points are drawn by numpy alone")
        return False
    return True


def kernels() -> Any:
    """The module that draws now: `kernels`, or `plain` until that is loaded."""
    return _kernels
