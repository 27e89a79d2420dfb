"""The model doctor: what a run's settings, losses and codes say about the model, a sentence each, with what to do about it.

Pure numpy and the same words every time. It looks at training and validation images only: codes and figures that it is given
must not be those of the test part, since people choose by what it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.symptoms.codes import all_gone, not_looked_at, of_codes, unexamined
from latent_explorer.core.symptoms.finding import SEVERITIES, Finding
from latent_explorer.core.symptoms.losses import of_kl, of_losses
from latent_explorer.core.symptoms.settings import of_settings
from latent_explorer.core.types import Codes, History, ModelRecord

__all__ = ["Finding", "diagnose", "diagnose_record"]


def diagnose(
    model: ModelConfig,
    settings: TrainingConfig | None = None,
    history: History | None = None,
    codes: Codes | None = None,
    figures: Mapping[str, Any] | None = None,
    *,
    outcome: str = "",
    running: bool = False,
    validation: int | None = None,
    unseen: bool = False,
) -> tuple[Finding, ...]:
    """All findings, the worst first.

    Parameters
    ----------
    codes : Codes or None
        Of validation (or training) images, never of the test part; the column "log_var" where posteriors have a width.
        Looks at 2,000 of them at most, some tens of milliseconds: let it be a worker's.
    figures : mapping or None
        Measured on such images, as of `evaluate`; "hole_mass" takes the place of that of the codes.
    outcome : str
        As of the last `TrainingProgress`.
    running : bool
        The run goes on: nothing is said of its length.
    validation : int or None
        How many images are set aside, whose codes these are; where they are too few, it is said that nothing is said of codes.
    unseen : bool
        The codes could not be had, and it is to be said that they were not looked at.
    """
    of_them = tuple(of_codes(model, codes, figures or {}))
    by_kl = tuple(of_kl(model, history))
    gone = bool(by_kl) or (all_gone(of_them) and not model.facts.levels)  # below a silent level the other may speak
    if by_kl and not running:  # that of all validation images; while the run is on, it may only be on its way up
        of_them = (*by_kl, *(finding for finding in of_them if finding.key != "collapse"))
    found = [
        *(finding for finding in of_them if finding.key == "collapse"),  # a model that says nothing has no other trouble
        *of_losses(model, history, settings, outcome=outcome, running=running, collapsed=gone),
        *(finding for finding in of_them if finding.key != "collapse"),
        *of_settings(model, settings),
        *(() if validation is None else unexamined(validation)),
        *((not_looked_at(),) if unseen else ()),
    ]
    if model.facts.lacks:
        found.append(Finding("family", "fine", f"{model.facts.title}: {model.facts.lacks[0].lower()}{model.facts.lacks[1:]}"))
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))  # stable: equal ones stay in this order


def diagnose_record(record: ModelRecord, codes: Codes | None = None) -> tuple[Finding, ...]:
    """As `diagnose`, for a model from a file. Its own codes and figures are of the test part, so they are not looked at."""
    return diagnose(record.handle.architecture, record.training, record.history, codes)
