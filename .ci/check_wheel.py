"""Usage: check_wheel.py WHEEL FOLDER. Are models and assets inside, and does the program start from FOLDER alone?"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path


def main(wheel: str, folder: str) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    root = Path(__file__).resolve().parent.parent
    for kind in ("models", "assets"):
        tracked = subprocess.run(["git", "ls-files", kind], cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
        missing = [path for path in tracked if f"latent_explorer/_resources/{path}" not in names]
        if not tracked or missing:
            sys.exit(f"{wheel} lacks {missing or kind}")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, wheel], check=True)

    # Run outside the repository, with the unpacked wheel before the editable install.
    environment = {**os.environ, "PYTHONPATH": folder}
    program = Path(folder, "bin", "latent-explorer")
    where = "import latent_explorer, sys; sys.exit(not latent_explorer.__file__.startswith(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", where, folder], cwd=folder, env=environment, check=True)
    for arguments in (["--help"], ["info", "mnist-dense"]):
        subprocess.run([sys.executable, program, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    print(f"{Path(wheel).name}: models and assets are inside, the program starts and finds mnist-dense")


if __name__ == "__main__":
    main(*sys.argv[1:])
