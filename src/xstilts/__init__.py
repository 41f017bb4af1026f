"""xstilts: which intermediate task to train on before zero-shot cross-lingual transfer."""

import sys
from types import TracebackType

_show_error = sys.excepthook


def __getattr__(name: str) -> str:
    """`__version__`, which is asked of the installation when it is needed: to import what knows it takes a while."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(__name__)
    except PackageNotFoundError:
        return "unknown"


def _show_interrupt(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Let Ctrl-C be a sentence also while a command still imports its modules; after that typer sees to it."""
    if issubclass(kind, KeyboardInterrupt) and not hasattr(sys, "ps1"):
        print("error: interrupted; the same command starts again", file=sys.stderr)
    else:
        _show_error(kind, error, trace)


sys.excepthook = _show_interrupt
