"""`python -m armfa`, the same as `armfa`."""

import os
import signal
import sys


def main() -> int:
    """The command line; Ctrl-C while it is still being loaded ends it as quietly as later."""
    signal.signal(signal.SIGINT, _stop)
    try:
        from armfa.cli import main as command
    except KeyboardInterrupt:
        return 130
    return command()


def _stop(*which) -> None:
    """The first Ctrl-C ends what runs in good order; the second does not wait for that."""
    signal.signal(signal.SIGINT, _stop_at_once)
    raise KeyboardInterrupt


def _stop_at_once(*which) -> None:
    os.write(2, b"stopped at once; what was finished is on disk\n")
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
