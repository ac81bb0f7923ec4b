"""One exception tree. Every message names the value, the rule and the remedy on a single line."""

from typing import Final

EXIT_DONE: Final = 0
EXIT_FAULT: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_DENY: Final = 3
EXIT_UNKNOWN: Final = 4
EXIT_TRIPPED: Final = 5
EXIT_TAMPERED: Final = 6


def one_line(text: str) -> str:
    """Fold white space so that a message stays on one line."""
    return " ".join(text.split())


class CorrigibleError(Exception):
    """A fault with a remedy; the command line prints it on one line and exits with `exit_code`."""

    exit_code: int = EXIT_FAULT

    def __init__(self, *, value: str, rule: str, remedy: str) -> None:
        self.value, self.rule, self.remedy = one_line(value), one_line(rule), one_line(remedy)
        super().__init__(f"{self.value}: {self.rule}; {self.remedy}")

    def __reduce__(self) -> tuple[object, ...]:
        """Cross process boundaries with all three parts."""
        return _rebuild, (type(self), self.value, self.rule, self.remedy)


def _rebuild(kind: type[CorrigibleError], value: str, rule: str, remedy: str) -> CorrigibleError:
    return kind(value=value, rule=rule, remedy=remedy)


class BadInput(CorrigibleError):
    """What the user gave breaks a rule; nothing was written."""

    exit_code = EXIT_BAD_INPUT


class Held(CorrigibleError):
    """Somebody holds it back, or nobody has released it to that audience; nothing was written."""

    exit_code = EXIT_DENY


class Tripped(CorrigibleError):
    """A tripwire stopped the training; it does not go on before somebody with a name has decided so."""

    exit_code = EXIT_TRIPPED


class Tampered(CorrigibleError):
    """Evidence is not as it was when it was sealed."""

    exit_code = EXIT_TAMPERED


class NotApplicable(CorrigibleError):
    """What a remedy raises on a setup that it has no hold on; it is then left out before anything is run."""


class StoreFault(CorrigibleError):
    """A run folder cannot be read or written; what was already stored is kept."""


class CorruptFile(StoreFault):
    """A stored file differs from the checksum that was recorded when it was written."""


class RunLocked(StoreFault):
    """Another process is writing the same run."""


class DiskFull(StoreFault):
    """The file system has no room; the run can be resumed."""


class NewerSchema(BadInput):
    """The file was written by a newer Corrigible."""


class Interrupted(CorrigibleError):
    """The user stopped the run; finished cells are stored."""
