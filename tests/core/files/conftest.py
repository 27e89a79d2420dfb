from __future__ import annotations

from tests.core.data.mirror import mirror, new_mirror  # noqa: F401  # fixtures
