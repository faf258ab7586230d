"""A Python text with its syntax tree and its tokens, and one place of it changed. Places are counted in characters."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

SKIPPED_TOKENS = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


@dataclass(frozen=True)
class Token:
    """A name, an operator or a literal, and where it stands."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True)
class Change:
    """One place of a text changed: what stands from `start` to `stop` becomes `text`. `kind` says what was done."""

    kind: str
    start: int
    stop: int
    text: str

    def applied(self, source: str) -> str:
        """The whole text with the change in it."""
        return source[: self.start] + self.text + source[self.stop :]

    def lines(self, source: str) -> tuple[str, str]:
        """The whole lines in which the change lies, before and after it."""
        return self._both(source, *self._line_span(source))

    def edit(self, source: str) -> tuple[str, str]:
        """As little text as stands exactly once, and what it becomes: a line without its indent, or several lines."""
        start, stop = self._line_span(source)
        indent = len(source[start:stop]) - len(source[start:stop].lstrip())
        found = self._both(source, start + indent, stop)
        while start > 0 and source.count(found[0]) != 1:
            start = source.rfind("\n", 0, start - 1) + 1
            found = self._both(source, start, stop)
        return found

    def _line_span(self, source: str) -> tuple[int, int]:
        stop = source.find("\n", self.stop)
        return source.rfind("\n", 0, self.start) + 1, len(source) if stop < 0 else stop

    def _both(self, source: str, start: int, stop: int) -> tuple[str, str]:
        return source[start:stop], source[start : self.start] + self.text + source[self.stop : stop]


@dataclass(frozen=True)
class Program:
    """Read once. Places are counted from the text's beginning, whatever the letters take in bytes."""

    source: str
    tree: ast.Module
    lines: tuple[str, ...]
    line_starts: tuple[int, ...]
    tokens: tuple[Token, ...]

    @property
    def imported(self) -> set[str]:
        """The names that imports at the top bind."""
        statements = [node for node in self.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        return {(item.asname or item.name).partition(".")[0] for node in statements for item in node.names}

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node begins and ends. Parentheses around it are not its own."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        last, end = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column)
        return self._place(line, column), self._place(last, end)

    def text(self, node: ast.AST) -> str:
        """What the node says."""
        start, stop = self.span(node)
        return self.source[start:stop]

    def between(self, left: ast.AST, right: ast.AST) -> list[Token]:
        """The tokens from the end of one node to the beginning of another, without parentheses."""
        start, stop = self.span(left)[1], self.span(right)[0]
        return [token for token in self.tokens if start <= token.start < stop and token.text not in "()"]

    def before(self, place: int) -> Token | None:
        """The last token that ends at or before a place."""
        found = [token for token in self.tokens if token.stop <= place]
        return found[-1] if found else None

    def after(self, place: int) -> Token | None:
        """The first token that begins at or after a place."""
        return next((token for token in self.tokens if token.start >= place), None)

    def line_at(self, place: int) -> int:
        """The line, from 1, in which a place lies."""
        return self.source.count("\n", 0, place) + 1

    def _place(self, line: int, column: int) -> int:
        """The syntax tree counts columns in bytes."""
        text = self.lines[line - 1]
        before = column if text.isascii() else len(text.encode()[:column].decode())
        return self.line_starts[line - 1] + before


def read_program(source: str) -> Program:
    """The text, parsed."""
    lines = tuple(io.StringIO(source))
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    tokens = tuple(_tokens(source, starts))
    return Program(source, ast.parse(source), lines, tuple(starts), tokens)


def _tokens(source: str, starts: list[int]) -> Iterator[Token]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SKIPPED_TOKENS:
            (line, column), (last, end) = token.start, token.end
            yield Token(token.string, starts[line - 1] + column, starts[last - 1] + end)
