"""The C++ sources of this repository, as the checks of this folder read them."""

import pathlib

ROOMS = ("supervisor", "worker", "admin-service")
FOLDERS = ("common",) + ROOMS + ("tests", "bench")


class Source:
    """One file: its path from the root with forward slashes, and its lines."""

    def __init__(self, path, text):
        self.path = path
        self.lines = text.split("\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()

    @property
    def is_header(self):
        return self.path.endswith(".h")

    def is_in(self, *folders):
        return any(self.path.startswith(folder + "/") for folder in folders)

    def complaint(self, number, text):
        """What is wrong, in the form that editors jump to. Lines count from 1; 0 means the file."""
        return f"{self.path}:{number}: {text}" if number else f"{self.path}: {text}"


def read_sources(root):
    """All .h and .cc files below `root`, sorted; installed packages of npm are nobody's sources."""
    root = pathlib.Path(root)
    found = []
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and "node_modules" not in path.parts:
                found.append(Source(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")))
    return found


def report(complaints):
    """Prints them; the exit code."""
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0
