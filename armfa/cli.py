"""The command line: `armfa train`, `watch`, `play`, ... Every flag is a field of a settings dataclass."""

import errno
import sys
from collections.abc import Callable, Sequence
from functools import reduce
from io import TextIOWrapper
from operator import or_
from typing import Annotated, Any

import tyro
from rich.console import Console

from armfa import __version__
from armfa.commands.adapt import Adapt, adapt
from armfa.commands.benchmark import Benchmark, benchmark
from armfa.commands.compare import Compare, compare
from armfa.commands.learn import Learn, learn
from armfa.commands.play import Play, play
from armfa.commands.reproduce import Reproduce, reproduce
from armfa.commands.rules import Rules, show_rules
from armfa.commands.sweep import SweepFile, sweep
from armfa.commands.track import Track, track
from armfa.commands.train import Train, train_arm
from armfa.commands.watch import Watch, watch
from armfa.compiled.kernels import how_it_runs
from armfa.controllers import CheckpointError
from armfa.runs.display import say

COMMANDS: dict[str, tuple[type, Callable[[Any, Console], Any]]] = {
    "train": (Train, train_arm),
    "learn": (Learn, learn),
    "adapt": (Adapt, adapt),
    "watch": (Watch, watch),
    "play": (Play, play),
    "track": (Track, track),
    "rules": (Rules, show_rules),
    "compare": (Compare, compare),
    "sweep": (SweepFile, sweep),
    "benchmark": (Benchmark, benchmark),
    "reproduce": (Reproduce, reproduce),
}

DESCRIPTION = """A differentiable 2-joint, 6-muscle arm, and controllers that learn to move it without weight transport.

Begin with: armfa train. The version: armfa --version"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. What the user can mend is one sentence, not a traceback."""
    _write_what_cannot_be_encoded()
    console, given = Console(), list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        say(console, f"armfa {__version__}, {how_it_runs()}")
        return 0
    try:
        config = parsed(given)
        next(function for kind, function in COMMANDS.values() if type(config) is kind)(config, console)
    except (ValueError, OSError, CheckpointError, RuntimeError, MemoryError, FloatingPointError) as error:
        say(console, f"armfa: {told(error)}", "red")
        return 2
    except KeyboardInterrupt:
        say(console, "stopped; what was finished is on disk", "yellow")
        return 130
    return 0


def parsed(arguments: list[str]) -> Any:
    """The settings of the command that is asked for; what cannot be parsed is told with the help of that command."""
    settings: Any = {"config": (tyro.conf.FlagCreatePairsOff,)}
    if arguments and arguments[0] in COMMANDS:
        name, *flags = arguments
        return tyro.cli(COMMANDS[name][0], prog=f"armfa {name}", args=flags, **settings)
    commands = (Annotated[kind, tyro.conf.subcommand(name)] for name, (kind, _) in COMMANDS.items())
    any_command: Any = reduce(or_, commands)
    return tyro.cli(any_command, prog="armfa", description=DESCRIPTION, args=arguments, **settings)


ADVICE = {
    errno.ENOSPC: "make room, then go on with --resume",
    errno.EDQUOT: "make room, then go on with --resume",
    errno.EACCES: "choose a place where you may write",
    errno.EROFS: "choose a place where you may write",
    errno.EISDIR: "a folder is where a file belongs: move it away, or choose another place",
    errno.ENOTEMPTY: "a folder is where a file belongs: move it away, or choose another place",
    errno.ENOTDIR: "a file is where a folder belongs: move it away, or choose another place",
    errno.EEXIST: "a file is where a folder belongs: move it away, or choose another place",
}


def told(error: BaseException) -> str:
    """An error in one sentence: of the disk's, with the file and what to do."""
    if isinstance(error, OSError) and error.filename is not None and error.errno in ADVICE:
        return f"{error.filename}: {error.strerror}; {ADVICE[error.errno]}"
    return str(error) or ("not enough memory" if isinstance(error, MemoryError) else type(error).__name__)


def _write_what_cannot_be_encoded() -> None:
    """Where the output takes ASCII or a code page only, a sign that it has not is a question mark, and no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
