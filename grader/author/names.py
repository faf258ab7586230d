"""Names that a program uses and nobody defines: what would end in a NameError, whatever its author had in mind."""

from __future__ import annotations

import builtins
import symtable
from collections.abc import Iterator

# What a module has without defining it.
OF_EVERY_MODULE = {*vars(builtins), "__file__", "__name__", "__doc__", "__spec__"}


def undefined_names(source: str) -> set[str]:
    """The names that are looked up in the module, from any function or class of it, and are not to be found there."""
    module = symtable.symtable(source, "<program>", "exec")
    tables = list(_with_children(module))
    used = {symbol.get_name() for table in tables for symbol in table.get_symbols() if _is_looked_up(table, symbol)}
    defined = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    declared = {
        symbol.get_name()
        for table in tables
        for symbol in table.get_symbols()
        if symbol.is_declared_global() and symbol.is_assigned()
    }
    return used - defined - declared - OF_EVERY_MODULE


def _with_children(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _with_children(child)


def _is_looked_up(table: symtable.SymbolTable, symbol: symtable.Symbol) -> bool:
    """Whether this scope reads the name from the module."""
    at_home = table.get_type() == "module"
    return symbol.is_referenced() and (at_home or symbol.is_global())
