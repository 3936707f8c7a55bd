"""`python -m benchmark ...` in a plain checkout does the same as the command `ferbench`."""

import sys

from benchmark.cli.main import main

sys.exit(main())
