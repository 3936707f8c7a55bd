"""`python -m benchmark ...` from a plain checkout is the command `ferbench`."""

import sys

from benchmark.cli.main import main

sys.exit(main())
