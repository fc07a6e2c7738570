"""Which modules of the project a module imports, directly or through others."""

import ast
from pathlib import Path


def imported_files(module: Path, root: Path) -> set[str]:
    """Paths, relative to `root`, of `module` and of all modules in `stages/` that it needs."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        path = waiting.pop()
        name = path.relative_to(root).as_posix()
        if name in found or not path.is_file():
            continue
        found.add(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for dotted in names(node):
                if dotted.split(".")[0] == "stages":
                    waiting.append(root.joinpath(*dotted.split(".")).with_suffix(".py"))
    return found


def names(node: ast.AST) -> list[str]:
    """Dotted names that an import statement may mean: modules, or things in them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []
