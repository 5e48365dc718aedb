"""Puts a policy and keys into a package that was built before. Needs Python alone.

    python3 tools/package.py BUILT.zip policy.toml keys dist/reregister-mfa.zip

`make release` and `make package` run it. Before it packs, `reregister check` looks at the policy, if that command is on
the PATH or was built here. The program is taken from the built zip as it is; the policy and the keys in there are
replaced. Of the folder only key files are packed, which are JWK Sets in files *.jwks.json. A private key anywhere in the
folder is refused, since a copy of it may be elsewhere, too.
The same input gives the same bytes, so that a zip can be compared with the one that is deployed.
"""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import check_package

ROOT = Path(__file__).resolve().parent.parent

# The first moment that a zip can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)


def entry(name, mode):
    info = zipfile.ZipInfo(name, EPOCH)
    # Otherwise the bytes would depend on the system: it is Unix on every one.
    info.create_system = 3
    info.external_attr = (0o100000 | mode) << 16
    # Not compressed: what a compressor makes of the same bytes depends on the version of zlib.
    info.compress_type = zipfile.ZIP_STORED
    return info


def reregister():
    """The command, on the PATH or as it was built here; or None."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    built = (shutil.which(str(target / kind / "reregister")) for kind in ["release", "debug"])
    return shutil.which("reregister") or next(filter(None, built), None)


def check_policy(content):
    """What `reregister check` says against this policy and these keys, or None."""
    command = reregister()
    if command is None:
        print("reregister is not installed here. Run `reregister check policy.toml` first, where it is.", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as folder:
        for name, bytes_ in content.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes_)
        checked = subprocess.run([command, "check"], cwd=folder, capture_output=True, text=True, check=False)
    said = checked.stdout + checked.stderr
    if checked.returncode:
        return f"{said.strip()}\nNothing was packed."
    for line in said.splitlines():
        if line.startswith("Warning: "):
            print(line, file=sys.stderr)
    return None


def main(built, policy, keys, result):
    folder = Path(keys)
    if not folder.is_dir():
        return f"{keys} is not a folder. KEYS=… is the folder with the public keys."
    if not Path(policy).is_file():
        return f"{policy} is not a file. POLICY=… is the policy.toml."
    try:
        with zipfile.ZipFile(built) as package:
            bootstrap = package.read("bootstrap")
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        return f"{built} is not a package of reregister-mfa: {error}. ZIP=… is what make release made."
    content = {"policy.toml": Path(policy).read_bytes()}
    for path in folder.rglob("*"):
        if path.is_symlink():
            return f"{path} is a link. Put the file itself into the folder."
        if not path.is_file():
            continue
        name = f"keys/{path.relative_to(folder).as_posix()}"
        if fault := check_package.fault_of(name, path.read_bytes()):
            return f"{fault}."
        if name.endswith(check_package.KEY_FILE):
            content[name] = path.read_bytes()
        elif path.name != "README.md":
            print(f"{name} is not packed: the names of key files end in {check_package.KEY_FILE}", file=sys.stderr)
    if refused := check_policy(content):
        return refused

    Path(result).parent.mkdir(parents=True, exist_ok=True)
    # Beside the result, which may be the built zip itself and stays as it is if the new one is refused.
    unchecked = f"{result}.unchecked"
    said = io.StringIO()
    try:
        with zipfile.ZipFile(unchecked, "w") as package:
            package.writestr(entry("bootstrap", 0o755), bootstrap)
            for name in sorted(content):
                package.writestr(entry(name, 0o644), content[name])
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            refused = check_package.main(unchecked)
        if refused is None:
            os.replace(unchecked, result)
    finally:
        Path(unchecked).unlink(missing_ok=True)
    # The check speaks of the file that it saw, which is now called otherwise.
    print(said.getvalue().replace(unchecked, result), end="")
    return refused and refused.replace(unchecked, result)


if __name__ == "__main__":
    # An argument that make was not given is empty, and an empty folder would be this one.
    if len(sys.argv) != 5 or not all(sys.argv):
        sys.exit("usage: make package ZIP=BUILT.zip POLICY=policy.toml KEYS=keys")
    sys.exit(main(*sys.argv[1:]))
