"""Which signals ask a process to end."""

import signal


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return Ctrl-C's, SIGTERM, and SIGHUP, if there is one and nobody wants it ignored (nohup)."""
    asked = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        asked.append(hangup)
    return tuple(asked)
