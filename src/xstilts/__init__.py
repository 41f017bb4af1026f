"""xstilts: which intermediate task to train on before zero-shot cross-lingual transfer."""

import sys
from types import TracebackType

__version__ = "0.1.0"

_show_error = sys.excepthook


def _show_interrupt(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Let Ctrl-C be a sentence also while a command still imports its modules; after that typer sees to it."""
    if issubclass(kind, KeyboardInterrupt) and not hasattr(sys, "ps1"):
        print("error: interrupted; the same command starts again", file=sys.stderr)
    else:
        _show_error(kind, error, trace)


sys.excepthook = _show_interrupt
