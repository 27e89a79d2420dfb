"""Build hook: a wheel carries models/ and assets/ inside the package; an editable install leaves them in the repository."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ResourcesHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for folder in ("models", "assets"):
            source = Path(self.root, folder)
            if not source.is_dir():
                raise FileNotFoundError(f"{source} is missing: a wheel needs it")
            build_data["force_include"][str(source)] = f"latent_explorer/_resources/{folder}"
