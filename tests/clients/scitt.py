"""Other people's program on our files, and ours on theirs (Python, scitt-cose).

check FOLDER   verifies every NAME.scitt in FOLDER by NAME.issuer.pem and log.pem: both signatures,
               the Merkle path, and that a changed entry is refused
write FOLDER   writes statement.scitt: a statement and a receipt of entry 2 of 5, signed by the key
               log.secret.pem, without claims, key id, typ or any order of ours
"""

import hashlib
import pathlib
import sys

import cbor2
import scitt_cose
from scitt_cose import receipt as receipts
from scitt_cose import statement as statements


def check(folder):
    count = 0
    log = (folder / "log.pem").read_bytes()
    for path in sorted(folder.glob("*.scitt")):
        transparent = path.read_bytes()
        issuer = path.with_suffix(".issuer.pem").read_bytes()
        parsed = statements.parse_signed_statement(transparent, public_key_pem=issuer)
        assert parsed["signature_verified"] is True, parsed
        protected, _, payload, signature = cbor2.loads(transparent).value
        registered = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))
        entry = hashlib.sha256(registered).hexdigest()
        found = statements.extract_receipts(transparent)
        assert len(found) == 1, found
        result = receipts.verify_receipt(found[0], leaf_entry_hex=entry, log_public_key_pem=log)
        assert result.ok, result.errors
        position = result.protected_header_ext[-66001]
        assert list(position) == [result.tree_size, result.leaf_index], position
        assert result.subject == parsed["subject"], result
        other = hashlib.sha256(b"x").hexdigest()
        result = receipts.verify_receipt(found[0], leaf_entry_hex=other, log_public_key_pem=log)
        assert not result.ok
        count += 1
    assert count > 0
    print(count, "checked")


def write(folder):
    key = (folder / "log.secret.pem").read_bytes()
    statement = statements.build_signed_statement(
        b"not ours", alg="EdDSA", private_key_pem=key, issuer="them", subject="it",
        content_type="text/plain")
    entry = hashlib.sha256(statement).hexdigest()
    tree = [hashlib.sha256(bytes([i])).hexdigest() for i in range(5)]
    tree[2] = entry
    bare = receipts.build_receipt(
        leaf_entry_hex=entry, leaf_index=2, tree_entries_hex=tree, alg="EdDSA",
        log_private_key_pem=key)
    full = receipts.build_receipt(
        leaf_entry_hex=entry, leaf_index=2, tree_entries_hex=tree, alg="EdDSA",
        log_private_key_pem=key, iss="example.org/claims", sub="it", kid=b"whatever", iat=1)
    (folder / "entry").write_bytes(bytes.fromhex(entry))
    (folder / "bare.receipt").write_bytes(bare)
    (folder / "full.receipt").write_bytes(full)
    (folder / "statement.scitt").write_bytes(statements.attach_receipts(statement, [bare, bare]))


{"check": check, "write": write}[sys.argv[1]](pathlib.Path(sys.argv[2]))
