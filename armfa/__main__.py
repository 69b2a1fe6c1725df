"""`python -m armfa`, the same as `armfa`."""

import sys


def main() -> int:
    """The command line; Ctrl-C while it is still being loaded ends it as quietly as later."""
    try:
        from armfa.cli import main as command
    except KeyboardInterrupt:
        return 130
    return command()


if __name__ == "__main__":
    sys.exit(main())
