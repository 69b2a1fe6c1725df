"""`python -m armfa`, the same as `armfa`."""

import sys

from armfa.cli import main

sys.exit(main())
