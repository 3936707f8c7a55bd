"""The ways a command stops on purpose, told apart by the exit status."""


class BadInput(ValueError):
    """Something given to the suite is wrong: one line naming where, what was found and what was expected.

    The command line prints the line and exits with status 2; nothing has been written by then.
    """

    def __init__(self, where: object, found: object, expected: object):
        self.where, self.found, self.expected = str(where), str(found), str(expected)
        super().__init__(f"{self.where}: found {self.found}; expected {self.expected}")

    def __reduce__(self):  # from a worker process to its parent
        return BadInput, (self.where, self.found, self.expected)


class Interrupted(Exception):
    """Work stopped before its end with everything kept (time budget, Ctrl-C); the next call resumes it. Exit status 3."""


class Findings(Exception):
    """An examination that was asked to be strict found something wrong; everything was written. str(error) says how much."""
