#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""publish.py REPOSITORY LIST: a repository made by python-tuf, with keys of every type.

Two roots (the second exchanges a key), targets that delegate rules/*, one release with the list.
"""

import hashlib
import json
import os
import sys
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

EXPIRES = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=3)


def write(repository, name, metadata):
    path = os.path.join(repository, "metadata", name)
    metadata.to_file(path, JSONSerializer(compact=False))


def add_target(repository, targets, path, data):
    digest = hashlib.sha256(data).hexdigest()
    folder, name = os.path.split(path)
    os.makedirs(os.path.join(repository, "targets", folder), exist_ok=True)
    with open(os.path.join(repository, "targets", folder, f"{digest}.{name}"), "wb") as file:
        file.write(data)
    targets.targets[path] = TargetFile.from_data(path, data, ["sha256", "sha512"])


def make_release(repository, rules, list_file):
    with open(list_file, "rb") as file:
        data = file.read()
    name = os.path.basename(list_file).removesuffix(".rules")
    release = {
        "version": 4,
        "published": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lists": [{"name": name, "sha256": hashlib.sha256(data).hexdigest()}],
    }
    add_target(repository, rules, f"rules/{name}.rules", data)
    add_target(repository, rules, "rules/release.json", json.dumps(release).encode())


def sign(metadata, *signers):
    for signer in signers:
        metadata.sign(signer, append=True)


def main(repository, list_file):
    ecdsa, rsa, ed25519 = (
        CryptoSigner.generate_ecdsa(),
        CryptoSigner.generate_rsa(),
        CryptoSigner.generate_ed25519(),
    )
    online = CryptoSigner.generate_ecdsa()
    os.makedirs(os.path.join(repository, "metadata"))

    root = Metadata(Root(expires=EXPIRES, consistent_snapshot=True))
    for signer in (ecdsa, rsa, ed25519):
        root.signed.add_key(signer.public_key, "root")
        root.signed.add_key(signer.public_key, "targets")
    for role in ("snapshot", "timestamp"):
        root.signed.add_key(online.public_key, role)
    root.signed.roles["root"].threshold = 2
    root.signed.roles["targets"].threshold = 3
    sign(root, ecdsa, rsa)
    write(repository, "1.root.json", root)

    # The RSA key goes from the root; the one that comes has to sign as well.
    other = CryptoSigner.generate_ecdsa()
    root.signed.version = 2
    root.signed.revoke_key(rsa.public_key.keyid, "root")
    root.signed.add_key(other.public_key, "root")
    root.signatures.clear()
    sign(root, ecdsa, rsa, other)
    write(repository, "2.root.json", root)
    write(repository, "root.json", root)

    rules_metadata = Metadata(Targets(expires=EXPIRES))
    make_release(repository, rules_metadata.signed, list_file)
    sign(rules_metadata, rsa, ed25519)
    write(repository, "1.rules.json", rules_metadata)

    targets = Metadata(Targets(expires=EXPIRES))
    role = DelegatedRole("rules", [], 2, True, ["rules/*"])
    targets.signed.delegations = Delegations({}, {"rules": role})
    for signer in (rsa, ed25519, ecdsa):
        targets.signed.add_key(signer.public_key, "rules")
    sign(targets, ecdsa, rsa, ed25519)
    write(repository, "1.targets.json", targets)

    snapshot = Metadata(Snapshot(expires=EXPIRES))
    snapshot.signed.meta = {"targets.json": MetaFile(1), "rules.json": MetaFile(1)}
    sign(snapshot, online)
    write(repository, "1.snapshot.json", snapshot)
    timestamp = Metadata(Timestamp(expires=EXPIRES))
    timestamp.signed.snapshot_meta = MetaFile(1)
    sign(timestamp, online)
    write(repository, "timestamp.json", timestamp)


if __name__ == "__main__":
    main(*sys.argv[1:])
