"""``python -m latent_explorer`` is the command ``latent-explorer``."""

import sys

from latent_explorer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
