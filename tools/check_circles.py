"""Checks that no files of a crate import each other in a circle. Prints each circle, and fails if there is one.

Rust accepts circles inside a crate, but a file in a circle can only be understood, tested and moved together with all
the others in it.

    python3 tools/check_circles.py [FOLDER ...]     by default src, cli/src and simulated/src

A file imports another if one of its paths, in a `use` or elsewhere in the code, leads to an item of the other.

- `mod name;` imports nothing. Nor does a `use` of a module itself: what counts is which items are used through it.
- Re-exports are followed. Importing an item through a façade (`pub use child::Item`) is importing the file that
  defines the item. The façade imports that file only if it also uses the item, or if the file is not below it.
- Items under #[cfg(test)] are left out, and so are the files that they declare.
"""

import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

CRATES = ["src", "cli/src", "simulated/src"]

# Comments, strings and characters, in which nothing is code. A lifetime has no second quote.
TEXT = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | \bb?r(\#*)".*?"\1 | "(?:\\.|[^"\\])*" | '(?:\\.[^']*|[^'\\])'""",
    re.DOTALL | re.VERBOSE,
)
TEST = re.compile(r"#\[cfg\(test\)\]")
PUBLIC = r"(\bpub\b(?:\([^)]*\))?\s*)?"
MODULE = re.compile(PUBLIC + r"\bmod\s+(\w+)\s*([;{])")
USE = re.compile(PUBLIC + r"\buse\s+([^;]+);")
PATH = re.compile(r"\w+(?:::\w+)+")


@dataclass
class Module:
    """A module: a file, or an inline module of one. Paths are tuples of names, from the root of the crate."""

    path: tuple
    file: Path
    code: str = ""
    """Without comments, strings, tests, inline modules and `use`."""
    uses: list = field(default_factory=list)
    """For each imported name: the name, its path, whether it is re-exported."""

    def imported(self, name):
        return next((path for used, path, _ in self.uses if used == name), None)


class Crate:
    """The modules of a crate, found from its root file by following `mod name;`."""

    def __init__(self, folder):
        self.modules = {}
        roots = [folder / name for name in ("lib.rs", "main.rs") if (folder / name).is_file()]
        if not roots:
            sys.exit(f"{folder} has neither lib.rs nor main.rs")
        self.read(Module((), roots[0]), TEXT.sub('""', roots[0].read_text(encoding="utf-8")), folder)

    def read(self, module, code, folder):
        """Reads a module and those below it, whose files are in this folder."""
        self.modules[module.path] = module
        while test := TEST.search(code):
            code = code[: test.start()] + code[end_of_item(code, test.end()) :]
        while declared := MODULE.search(code):
            name, is_inline = declared[2], declared[3] == "{"
            child = Module((*module.path, name), module.file)
            end = end_of_item(code, declared.start())
            if is_inline:
                inner = code[declared.end() : end - 1]
            else:
                child.file = next(f for f in (folder / f"{name}.rs", folder / name / "mod.rs") if f.is_file())
                inner = TEXT.sub('""', child.file.read_text(encoding="utf-8"))
            code = code[: declared.start()] + code[end:]
            self.read(child, inner, folder / name)
        for is_public, tree in USE.findall(code):
            module.uses += [(name, path, bool(is_public)) for name, path in expand(tree)]
        module.code = USE.sub("", code)

    def owner(self, module, path, seen=()):
        """The module that defines the item to which a path leads from this module, and the item's name there.

        None if the item is in another crate, or if the path leads to a module.
        """
        if path[0] == "crate":
            module, path = self.modules[()], path[1:]
        elif path[0] not in ("self", "super") and not self.knows(module, path[0]):
            return None
        while path and path[0] in ("self", "super"):
            module, path = (module if path[0] == "self" else self.modules[module.path[:-1]]), path[1:]
        for at, name in enumerate(path):
            # Imports come first: a re-exported function may have the name of its module.
            imported = module.imported(name)
            if imported and (module.path, name) not in seen:
                return self.owner(module, imported + path[at + 1 :], (*seen, (module.path, name)))
            below = self.modules.get((*module.path, name))
            if not below:
                return module, name
            module = below
        return None

    def knows(self, module, name):
        return (*module.path, name) in self.modules or module.imported(name) is not None

    def imports(self):
        """For each file, the files that it imports and the names that it takes from each."""
        arrows = defaultdict(lambda: defaultdict(set))
        for module in self.modules.values():
            arrows[module.file]  # so that files without imports are listed too
            inside = [(tuple(path.split("::")), False) for path in PATH.findall(module.code)]
            for path, is_public in [(path, is_public) for _, path, is_public in module.uses] + inside:
                found = self.owner(module, path)
                if found is None or found[0].file == module.file:
                    continue
                other, name = found
                is_below = other.path[: len(module.path)] == module.path
                if is_public and is_below and not re.search(rf"\b{path[-1]}\b", module.code):
                    continue
                arrows[module.file][other.file].add(name)
        return arrows


def end_of_item(code, start):
    """Where the item that begins at `start` ends: after its semicolon or block, or where the block around it ends."""
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at] in "([{") - (code[at] in ")]}")
        if depth < 0:
            return at
        if depth == 0 and code[at] in ";}":
            return at + 1
    return len(code)


def expand(tree, before=()):
    """The names that a `use` tree imports, with their paths: `a::{b as c, d}` gives c with a::b and d with a::d."""
    head, brace, rest = tree.partition("{")
    if brace:
        before += tuple(re.findall(r"\w+", head))
        for part in split(rest.rpartition("}")[0]):
            yield from expand(part, before)
        return
    path, _, alias = tree.partition(" as ")
    path = before + tuple(re.findall(r"\w+|\*", path))
    if before and path[-1] == "self":
        path = path[:-1]
    yield alias.strip() or path[-1], path


def split(parts):
    """The parts between the commas that are not inside braces."""
    found, depth = [""], 0
    for letter in parts:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [part for part in found if part.strip()]


def circles(arrows):
    """The groups of files in which each file reaches all the others by following imports."""

    def reach(start):
        reached, ahead = set(), [start]
        while ahead:
            new = set(arrows[ahead.pop()]) - reached
            reached |= new
            ahead += new
        return reached

    reached = {file: reach(file) for file in list(arrows)}
    groups = {frozenset(o for o in reached[file] if file in reached[o]) for file in reached}
    return sorted((sorted(group) for group in groups if group), key=lambda group: (-len(group), group))


def main(folders):
    found = 0
    for folder in map(Path, folders):
        arrows = Crate(folder).imports()
        for circle in circles(arrows):
            found += 1
            print(f"{folder}: {len(circle)} files import each other in a circle:", file=sys.stderr)
            for file in circle:
                for other in sorted(set(arrows[file]) & set(circle)):
                    names = ", ".join(sorted(arrows[file][other]))
                    print(f"  {file.relative_to(folder)} -> {other.relative_to(folder)}: {names}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or CRATES))
