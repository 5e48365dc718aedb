"""Whether a Lambda package will start: what is in it, for which processor, and against which glibc.

Run by `make release`. A binary that was linked against a newer glibc than Amazon Linux 2023 has builds and packs
without a word, and fails at its first start on Lambda.
"""

import json
import os
import re
import sys
import zipfile

AL2023_GLIBC = (2, 34)
CONTENT = {"bootstrap", "policy.toml"}
KEYS = "keys/"
# What the names of key files end in. Nothing else out of the folder is packed.
KEY_FILE = ".jwks.json"
# The private members of a JWK (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1).
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
# Values that the function refuses at its start. `reregister check` looks more closely.
UNANSWERED = re.compile(
    r'''["'](\s*CHANGE[ _-]*ME[^"']*|0{8}-0{4}-0{4}-0{4}-0{11}[0-9a-f])["']''', re.IGNORECASE
)
# e_machine, bytes 18 and 19 of an ELF header
PROCESSORS = {62: "x86_64", 183: "arm64"}


def unambiguous(members):
    """An object in which no member comes twice."""
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        raise ValueError("a member comes twice")
    return dict(members)


def holds_private_key(value):
    """Whether any object in a JSON value has a private member."""
    if isinstance(value, dict):
        return any(value.get(name) is not None for name in PRIVATE) or any(map(holds_private_key, value.values()))
    return isinstance(value, list) and any(map(holds_private_key, value))


def fault_of(name, content):
    """Why a file may not be among the public keys, or None."""
    # A certificate or a public key in PEM may well be harmless, but none belongs here.
    if b"-----BEGIN" in content:
        return f"{name} holds PEM, such as a private key. Only JWK Sets of public keys belong into keys/"
    try:
        value = json.loads(content.decode(), object_pairs_hook=unambiguous)
    except (ValueError, RecursionError):
        value = None
    if holds_private_key(value):
        return f"{name} holds a private key. Make a new key pair, and put only its public key there"
    if not name.endswith(KEY_FILE):
        return None
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        return f'{name} is no JWK Set: it must be JSON with the list "keys"'
    return None


def main(path):
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        keys = {name for name in names if name.startswith(KEYS)}
        if names - keys != CONTENT:
            return f"{path} holds {sorted(names)}, and should hold {sorted(CONTENT)} and {KEYS}"
        for name in sorted(keys):
            if fault := fault_of(name, package.read(name)):
                return f"{path}: {fault}"
            if not name.endswith(KEY_FILE):
                return f"{path}: {name} is in the package, and only key files belong there: their names end in {KEY_FILE}"
        policy = package.read("policy.toml").decode()
        if "-----BEGIN" in policy:
            return f"{path}: policy.toml holds PEM. Keys and certificates belong into Secrets Manager"
        for number, line in enumerate(policy.splitlines(), 1):
            value = None if line.lstrip().startswith("#") else UNANSWERED.search(line)
            if value:
                place = f"line {number}, column {value.start() + 1}"
                return f"{path}: policy.toml, {place} still says {value[0]}: change it"
        for name in re.findall(r'^\s*keys\.file\s*=\s*"([^"]+)"', policy, re.MULTILINE):
            if not name.endswith(KEY_FILE):
                return f"{path}: policy.toml names the key file {name}: give it a name that ends in {KEY_FILE}"
            if name not in names:
                return (
                    f"{path}: policy.toml names {name}, which is not there. Make it with `reregister keygen`, or remove "
                    "the issuer"
                )
        bootstrap = package.getinfo("bootstrap")
        if not (bootstrap.external_attr >> 16) & 0o111:
            return f"{path}: bootstrap is not executable"
        binary = package.read(bootstrap)

    processor = PROCESSORS.get(int.from_bytes(binary[18:20], "little"))
    if binary[:4] != b"\x7fELF" or processor is None:
        return f"{path}: bootstrap is not a Linux program for x86_64 or arm64"

    # Names of symbol versions stay in a stripped binary.
    wanted = max((tuple(map(int, v.split(b"."))) for v in re.findall(rb"GLIBC_(\d+\.\d+)", binary)), default=(0, 0))
    if wanted > AL2023_GLIBC:
        return (
            f"{path}: bootstrap wants glibc {wanted[0]}.{wanted[1]}, and Lambda's Amazon Linux 2023 has 2.34. "
            "Build on a system with glibc 2.36 or older (Debian 12), or with zig: "
            "pip install cargo-lambda, cargo lambda build --release --output-format zip"
        )

    size = os.path.getsize(path)
    print(f"{path}: {processor}, glibc {wanted[0]}.{wanted[1]}, {size / 1e6:.1f} MB")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
