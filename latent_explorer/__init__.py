"""Latent Explorer: look into the latent space of a variational autoencoder.

Importing the package loads next to nothing; what it gives to Python is loaded when it is asked for first (docs/api.md).
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["Encoded", "LatentExplorerError", "Model", "load", "load_dataset", "models"]

if TYPE_CHECKING:
    from latent_explorer.api import Encoded, Model, load, load_dataset, models
    from latent_explorer.core.errors import LatentExplorerError
else:

    def __getattr__(name):
        """One of the names above, at its first use."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = "latent_explorer.core.errors" if name == "LatentExplorerError" else "latent_explorer.api"
        value = globals()[name] = getattr(import_module(home), name)
        return value

    def __dir__():
        """What is loaded, and the names above."""
        return sorted({*globals(), *__all__})
