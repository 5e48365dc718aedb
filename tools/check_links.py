"""Looks whether the links between the documents lead to a file, and to a heading that is there.

Links to other sites are not followed.
"""

import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    found: set[str] = set()
    for title in re.findall(r"^#{1,6} (.+?)\s*$", FENCE.sub("", text), re.MULTILINE):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        nth = 0
        while (name := anchor if nth == 0 else f"{anchor}-{nth}") in found:
            nth += 1
        found.add(name)
    return found


def faults(root: pathlib.Path, documents: list[pathlib.Path]) -> list[str]:
    texts = {path: (root / path).read_text() for path in documents}
    wrong = []
    for path, text in texts.items():
        for link in LINK.findall(FENCE.sub("", text)):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (root / path).parent / name if name else root / path
            if not target.exists():
                wrong.append(f"{path}: {link}: there is no such file")
            elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
                wrong.append(f"{path}: {link}: there is no such heading")
    listed = texts.get(pathlib.Path("README.md"), "")
    for path in documents:
        if path.parent == pathlib.Path("docs") and f"({path})" not in listed:
            wrong.append(f"README.md: does not link to {path}")
    return wrong


if __name__ == "__main__":
    root = pathlib.Path(__file__).parent.parent
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split()
    wrong = faults(root, [pathlib.Path(name) for name in names if (root / name).exists()])
    print("\n".join(wrong), file=sys.stderr)
    sys.exit(1 if wrong else 0)
