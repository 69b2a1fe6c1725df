"""The command line: `armfa train`, `watch`, `play`, ... Every flag is a field of a settings dataclass."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import tyro
from rich.console import Console

from armfa import __version__
from armfa.commands.compare import Compare, compare
from armfa.commands.play import Play, play
from armfa.commands.reproduce import Reproduce, reproduce
from armfa.commands.rules import Rules, show_rules
from armfa.commands.train import Train, train_arm
from armfa.commands.watch import Watch, watch
from armfa.compiled.kernels import how_it_runs
from armfa.controllers import CheckpointError

COMMANDS: dict[str, tuple[type, Callable[[Any, Console], Any]]] = {
    "train": (Train, train_arm),
    "watch": (Watch, watch),
    "play": (Play, play),
    "rules": (Rules, show_rules),
    "compare": (Compare, compare),
    "reproduce": (Reproduce, reproduce),
}

DESCRIPTION = """A differentiable 2-joint, 6-muscle arm, and controllers that learn to move it without weight transport.

Begin with: armfa train. The version: armfa --version"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status. What the user can mend is one sentence, not a traceback."""
    console = Console()
    commands = tuple(Annotated[kind, tyro.conf.subcommand(name)] for name, (kind, _) in COMMANDS.items())
    union: Any = commands[0]
    for command in commands[1:]:
        union = union | command
    if list(sys.argv[1:] if arguments is None else arguments) == ["--version"]:
        console.print(f"armfa {__version__}, {how_it_runs()}", highlight=False)
        return 0
    try:
        config = tyro.cli(
            union, prog="armfa", description=DESCRIPTION, args=arguments, config=(tyro.conf.FlagCreatePairsOff,)
        )
        next(function for kind, function in COMMANDS.values() if type(config) is kind)(config, console)
    except (ValueError, OSError, CheckpointError, RuntimeError, MemoryError, FloatingPointError) as error:
        console.print(f"armfa: {error or 'not enough memory'}", style="red", markup=False, highlight=False)
        return 2
    except KeyboardInterrupt:
        console.print("stopped; what was finished is on disk", style="yellow")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
