"""The command `ferbench`; `python -m benchmark ...` in a plain checkout does the same."""

import os
import sys

from benchmark import stopping


def main() -> int:
    """Run the verb of the process's arguments. Returns the exit status, after which the process must end."""
    status: object = stopping.STATUS
    try:
        stopping.heed()
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:  # the shell closed it: 2>&-
                setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        from benchmark.cli.main import main as run  # takes a moment, in which the handlers must be in place

        status = run()
    except SystemExit as end:
        status = end.code
    except KeyboardInterrupt:  # in one of these lines
        stopping.say(stopping.LINE)
    code = status if isinstance(status, int) else 0
    stopping.ending(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
