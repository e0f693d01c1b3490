"""A contract for import-linter: the libraries and packages that modules may import besides the standard library.

Unlike import-linter's `forbidden` it names what is allowed, so that a new library needs a line in pyproject.toml first.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatch
from typing import Any, cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.helpers import module_expressions_to_modules


class AllowedImportsContract(Contract):
    """`source_modules` import each other, the standard library, and what is `allowed`: top-level names or patterns.

    With `as_packages`, which is the default, all modules below the sources are meant too.
    """

    type_name = "allowed_imports"

    source_modules = fields.SetField(subfield=fields.ModuleExpressionField())
    allowed = fields.SetField(subfield=fields.StringField(), required=False, default=frozenset())
    as_packages = fields.BooleanField(required=False, default=True)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002  what import-linter calls
        sources = {module.name for module in module_expressions_to_modules(graph, cast(Any, self.source_modules))}
        if self.as_packages:
            sources |= {below for source in sources for below in graph.find_descendants(source)}
        wrong = sorted(
            f"{source} imports {imported}"
            for source in sources
            for imported in graph.find_modules_directly_imported_by(source)
            if imported not in sources and not self._allows(imported)
        )
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["wrong"]:
            output.print_error(f"- {line}")

    def _allows(self, imported: str) -> bool:
        top = imported.partition(".")[0]
        return top in sys.stdlib_module_names or any(fnmatch(top, allowed) for allowed in cast(Any, self.allowed))
