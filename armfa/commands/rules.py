"""`armfa rules`: every learning rule with what it looks at, what it keeps, and where it comes from."""

from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from armfa.controllers import rules_table


@dataclass(frozen=True)
class Rules:
    """Print one table of all learning rules: what each looks at, what state it keeps, and where it comes from.

    The names are those that `armfa compare --rules` takes; `frozen` and `sparse` change another rule.
    """


def show_rules(config: Rules, console: Console | None = None) -> Table:
    """The table, printed."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    rows = rules_table()
    for name in rows[0]:
        table.add_column(name, no_wrap=name == "rule", overflow="fold")
    for number, row in enumerate(rows):
        table.add_row(*row.values(), end_section=number == len(rows) - 3)
    (console or Console()).print(table)
    return table
