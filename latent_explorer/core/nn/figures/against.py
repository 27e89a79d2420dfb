"""Whether a model takes foreign images for strange: AUROC and AUPR of anomaly scores against a second data set.

Known trap: a likelihood may prefer simpler foreign images to its own (Nalisnick et al. 2019, arXiv 1810.09136); then the figures
are below a half, and are quoted so.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.nn.figures.form import Figures, figure


def anomaly_figures(own: NDArray[np.float64], foreign: NDArray[np.float64], score: str, data: str, suffix: str = "") -> Figures:
    """AUROC with Hanley & McNeil's (1982) standard error, and AUPR (average precision, the foreign images being what is looked for).

    Parameters
    ----------
    own, foreign : float64 arrays
        Anomaly scores: larger is stranger.
    score, data : str
        What the score is, and the name of the second data set.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    truth = np.concatenate([np.zeros(len(own)), np.ones(len(foreign))])
    scores = np.concatenate([own, foreign])
    finite = np.nan_to_num(scores, nan=np.finfo(np.float64).max)
    area = float(roc_auc_score(truth, finite))
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = area * (1 - area) + (len(foreign) - 1) * (q1 - area**2) + (len(own) - 1) * (q2 - area**2)
    se = math.sqrt(max(variance, 0.0) / (len(own) * len(foreign)))
    protocol = f"{score}, {len(foreign):,} test images of {data} against {len(own):,} own ones"
    n = len(scores)
    precision = float(average_precision_score(truth, finite))
    return {
        f"auroc{suffix}": figure(area, n=n, protocol=protocol, unit="area", se=se),
        f"aupr{suffix}": figure(precision, n=n, protocol=f"{protocol}; average precision, foreign is positive", unit="area"),
    }
