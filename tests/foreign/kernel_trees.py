"""Small kernel trees of our own, in the shapes that KVM's code has had: what decides, no more."""

from pathlib import Path

from app.settings import ROOT

KERNELS = ROOT / "tests" / "data" / "kernels"
LISTED, ARRAY, MASK = "listed", "array", "mask"


def make_tree(folder: Path, shape: str, *changes: tuple[str, str], version="6.9.3") -> Path:
    """Write a tree of a shape; each change is what stands in it once, and what is there instead."""
    files = {
        path.relative_to(home): path.read_text()
        for home in (KERNELS / "common", KERNELS / shape)
        for path in home.rglob("*.[ch]")
    }
    if version:
        numbers = zip(("VERSION", "PATCHLEVEL", "SUBLEVEL"), version.split("."), strict=True)
        files[Path("Makefile")] = "".join(f"{key} = {number}\n" for key, number in numbers)
    for old, new in changes:
        (home,) = [name for name, text in files.items() if old in text]
        assert files[home].count(old) == 1, old
        files[home] = files[home].replace(old, new)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder
