"""What the model doctor says: one sentence on what is so, one on what to do."""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = ("problem", "advice", "fine")  # the worst first


@dataclass(frozen=True)
class Finding:
    """One finding.

    Parameters
    ----------
    key : str
        What it is about, such as "collapse": the same word for all of its severities, and at most one finding of each.
    severity : str
        "problem": the model is not what it should be; "advice": something could be better, or should be known; "fine".
    sentence : str
        What is so, with its figure.
    suggestion : str
        What to do about it; "" where there is nothing to do.
    """

    key: str
    severity: str
    sentence: str
    suggestion: str = ""

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"the severity is one of {', '.join(SEVERITIES)}, not {self.severity!r}")
