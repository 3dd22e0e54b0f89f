//! COSE receipts: that an entry is in a log, signed by the log's key (RFC 9942, RFC 9943).
//!
//! ```text
//! 18([ protected: bstr .cbor { 1 => -8, 4 => thumbprint of the log's key,
//!                              15 => { 1 => origin, 2 => sub of the statement, 6 => iat },
//!                              16 => "application/scitt-receipt+cose", 395 => 1,
//!                              -66001 => [tree size, leaf index] },
//!      unprotected: { 396 => { -1 => [ bstr .cbor [tree size, leaf index, [* hash]] ] } },
//!      payload: nil, signature: bstr .size 64 ])
//! ```
//! The signature covers the root, which is left out: who checks a receipt computes it from the
//! entry. RFC 9942 leaves size and index unsigned, so that anybody could move an entry about in
//! what is said of it; here they stand in the protected header too, under a private label, and
//! must agree. [`Receipt::parse`] reads this profile; [`Receipt::parse_foreign`] also reads what
//! other people write without it.

use ciborium::Value;

use crate::cbor::{self, Order};
use crate::cose::{self, EDDSA, Envelope, Fields, claim, label};
use crate::hash::Hash;
use crate::key::{PublicKey, SecretKey, Thumbprint};
use crate::tlog::checkpoint::{Checkpoint, Trusted};
use crate::tlog::merkle::{
    self, Inclusion, Leaf, Position, implied_root, leaf_hash, verify_inclusion,
};

/// The media type of a receipt (RFC 9943).
pub const TYP: &str = "application/scitt-receipt+cose";

/// The header label under which a statement carries its receipts (RFC 9942 section 4.1).
pub const RECEIPTS: i64 = 394;

/// The header label of the kind of tree (RFC 9942 section 4.2); protected.
const TREE_KIND: i64 = 395;

/// The header label of the proofs (RFC 9942 section 4.2); unprotected.
const PROOFS: i64 = 396;

/// The kind of tree: that of RFC 9162, with SHA-256.
const RFC9162_SHA256: i64 = 1;

/// Among the proofs: those of inclusion (RFC 9942 section 5.2).
const INCLUSION: i64 = -1;

/// The private header label of `[tree size, leaf index]`; labels below -65536 are free for
/// private use (RFC 9052 section 11.1). Not -65537, which others use already.
pub const POSITION: i64 = -66_001;

/// The header of critical labels (RFC 9052 section 3.1).
const CRITICAL: i64 = 2;

/// The largest receipt, in bytes: 64 hashes and two headers fit ten times over.
pub const MAX_LENGTH: usize = 32_768;

/// The most proofs of one receipt. One is enough, and each costs a signature check.
pub const MAX_PROOFS: usize = 4;

/// The most hashes of a proof: a tree whose size has 64 bits is at most 64 levels high.
const MAX_HASHES: usize = 64;

/// Why a receipt was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Longer than [`MAX_LENGTH`].
    #[error("the receipt has {0} bytes, expected at most {MAX_LENGTH}")]
    TooLong(usize),
    /// Not the envelope, or not the headers.
    #[error("not a receipt: {0}")]
    Envelope(#[from] cose::Error),
    /// Good COSE of another shape.
    #[error("not a receipt of this profile: {0}")]
    Shape(&'static str),
    /// Its proof cannot be right.
    #[error("the receipt's proof: {0}")]
    Proof(#[from] merkle::Error),
    /// The log's key did not sign the root that the entry leads to.
    #[error("the log's signature does not cover this entry at this place")]
    Signature,
}

impl From<cbor::Error> for Error {
    fn from(error: cbor::Error) -> Self {
        Self::Envelope(error.into())
    }
}

/// A receipt of inclusion. Not yet checked: see [`Receipt::verify`].
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    envelope: Envelope,
    /// The name of the log's key; other people may leave it out, or name keys otherwise.
    pub key_id: Option<Vec<u8>>,
    /// Who issued it: the log's origin.
    pub issuer: Option<String>,
    /// What the statement is about.
    pub subject: Option<String>,
    /// When it was issued by the log's own clock, in seconds since 1970.
    pub issued_at: Option<u64>,
    /// Size and index as they stand in the protected header.
    signed_position: Option<Position>,
    proofs: Vec<Proof>,
}

/// One proof: where an entry stands, and the way up to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Proof {
    position: Position,
    path: Inclusion,
}

/// That an entry is in the tree whose root a log signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Included {
    /// Where the entry stands.
    pub position: Position,
    /// The root of the tree.
    pub root: Hash,
    /// Whether the log signed the position too, not the root alone.
    pub is_position_signed: bool,
}

impl Receipt {
    /// Issues a receipt for the entry that `leaf` stands for, which `path` must show to be in the
    /// tree of a checkpoint that is trusted. `issued_at` is in seconds since 1970.
    pub fn issue(
        checkpoint: &Trusted<Checkpoint>,
        leaf: &Leaf,
        path: Inclusion,
        (subject, issued_at): (&str, u64),
        key: &SecretKey,
    ) -> Result<Self, Error> {
        verify_inclusion(leaf, &checkpoint.tree(), &path)?;
        let position = Position { leaf_index: leaf.index, tree_size: checkpoint.size };
        let key_id = key.thumbprint().as_bytes().to_vec();
        let claims = Value::Map(vec![
            (claim::ISSUER.into(), checkpoint.origin.as_str().into()),
            (claim::SUBJECT.into(), subject.into()),
            (claim::ISSUED_AT.into(), issued_at.into()),
        ]);
        let place = vec![position.tree_size.into(), position.leaf_index.into()];
        let protected = cbor::encode_value(Value::Map(vec![
            (label::ALGORITHM.into(), EDDSA.into()),
            (label::KEY_ID.into(), Value::Bytes(key_id)),
            (label::CWT_CLAIMS.into(), claims),
            (label::TYP.into(), TYP.into()),
            (TREE_KIND.into(), RFC9162_SHA256.into()),
            (POSITION.into(), Value::Array(place)),
        ]))?;
        let mut envelope = Envelope::sign(protected, checkpoint.root.as_bytes(), key);
        let proof = Value::Bytes(Proof { position, path }.encode()?);
        let proofs = Value::Map(vec![(INCLUSION.into(), Value::Array(vec![proof]))]);
        envelope.unprotected = vec![(PROOFS.into(), proofs)];
        Self::parse(&envelope.encode()?)
    }

    /// Reads a receipt of the profile, spelled in the one way that the profile allows.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let receipt = Self::read(bytes, Order::Sorted)?;
        let Self { key_id: Some(key_id), issuer, subject, issued_at, signed_position, .. } =
            &receipt
        else {
            return Err(Error::Shape("no key id (4)"));
        };
        if Thumbprint::from_slice(key_id).is_none() {
            return Err(Error::Shape("the key id is not 32 bytes"));
        }
        if issuer.is_none() || subject.is_none() || issued_at.is_none() {
            return Err(Error::Shape("iss, sub or iat is missing among the CWT claims (15)"));
        }
        if signed_position.is_none() {
            return Err(Error::Shape("size and index are not in the protected header (-66001)"));
        }
        if receipt.proofs.len() != 1 {
            return Err(Error::Shape("more than one proof"));
        }
        if receipt.envelope.encode()? != bytes {
            return Err(Error::Shape("encoding it again gives other bytes"));
        }
        Ok(receipt)
    }

    /// Reads a receipt that somebody else may have written: with headers in any order, without
    /// claims, key id, typ or a signed position, and with headers that are not known here, as
    /// long as none of them is critical. What stands there must be right all the same.
    pub fn parse_foreign(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes, Order::Any)
    }

    fn read(bytes: &[u8], order: Order) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::TooLong(bytes.len()));
        }
        let envelope = Envelope::parse(bytes, order)?;
        if envelope.payload.is_some() {
            return Err(Error::Shape("the root stands in it; it is to be computed"));
        }
        let strict = order == Order::Sorted;
        let mut header = Fields::parse(cbor::decode_ordered(&envelope.protected, order)?)?;
        header.algorithm()?;
        if header.optional(CRITICAL).is_some() {
            return Err(Error::Shape("it has critical headers (2)"));
        }
        if header.integer(TREE_KIND, "no kind of tree (395)")? != RFC9162_SHA256 {
            return Err(Error::Shape("another kind of tree (395) than RFC9162_SHA256 (1)"));
        }
        match header.optional(label::TYP) {
            Some(Value::Text(typ)) if typ == TYP => {}
            None if !strict => {}
            _ => return Err(Error::Shape("typ (16) is not that of a receipt")),
        }
        let key_id = match header.optional(label::KEY_ID) {
            Some(Value::Bytes(key_id)) => Some(key_id),
            None => None,
            Some(_) => return Err(Error::Shape("the key id is not bytes")),
        };
        let signed_position =
            header.optional(POSITION).map(|value| position(&value)).transpose()?;
        let claims = header.optional(label::CWT_CLAIMS);
        if strict {
            header.end("a header this profile does not know")?;
        }
        let (issuer, subject, issued_at) = claims_of(claims, strict)?;
        let proofs = proofs_of(&envelope, order)?;
        if proofs.iter().any(|it| signed_position.is_some_and(|signed| signed != it.position)) {
            return Err(Error::Shape("the proof is of another size or index than the one signed"));
        }
        Ok(Self { envelope, key_id, issuer, subject, issued_at, signed_position, proofs })
    }

    /// Checks that `entry` stands in a tree whose root `key` signed.
    pub fn verify(&self, entry: &[u8], key: &PublicKey) -> Result<Included, Error> {
        let leaf = leaf_hash(entry);
        // A proof that holds must not hide one that could never hold.
        let roots: Vec<Hash> = self
            .proofs
            .iter()
            .map(|Proof { position, path }| implied_root(&leaf, *position, path))
            .collect::<Result<_, _>>()?;
        let holds = |root: &Hash| self.envelope.verifies(root.as_bytes(), key);
        let place = roots.iter().position(holds).ok_or(Error::Signature)?;
        let is_position_signed = self.signed_position.is_some();
        let (position, root) = (self.proofs[place].position, roots[place]);
        Ok(Included { position, root, is_position_signed })
    }

    /// Whether the receipt says that `key` signed it; `None` if it does not say.
    pub fn names(&self, key: &PublicKey) -> Option<bool> {
        self.key_id.as_ref().map(|id| id == key.thumbprint().as_bytes())
    }

    /// The bytes of the receipt.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        Ok(self.envelope.encode()?)
    }
}

impl Proof {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let Position { leaf_index, tree_size } = self.position;
        let hash = |hash: &Hash| Value::Bytes(hash.as_bytes().to_vec());
        let path = self.path.0.iter().map(hash).collect();
        let items = vec![tree_size.into(), leaf_index.into(), Value::Array(path)];
        Ok(cbor::encode_value(Value::Array(items))?)
    }

    fn parse(bytes: &[u8], order: Order) -> Result<Self, Error> {
        const SHAPE: Error = Error::Shape("a proof is not [size, index, [* hash]]");
        let Value::Array(mut items) = cbor::decode_ordered(bytes, order)? else {
            return Err(SHAPE);
        };
        let Some(Value::Array(path)) = items.pop() else { return Err(SHAPE) };
        if path.len() > MAX_HASHES {
            return Err(Error::Shape("a proof has more than 64 hashes"));
        }
        let hash = |value: Value| Hash::from_slice(value.as_bytes()?);
        let path = path.into_iter().map(hash).collect::<Option<_>>().ok_or(SHAPE)?;
        Ok(Self { position: position(&Value::Array(items))?, path: Inclusion(path) })
    }
}

/// `[tree size, leaf index]`.
fn position(value: &Value) -> Result<Position, Error> {
    let number = |value: &Value| u64::try_from(value.as_integer()?).ok();
    match value.as_array().map(Vec::as_slice) {
        Some([size, index]) => number(size)
            .zip(number(index))
            .map(|(tree_size, leaf_index)| Position { leaf_index, tree_size }),
        _ => None,
    }
    .ok_or(Error::Shape("size and index are not two numbers"))
}

type Claims = (Option<String>, Option<String>, Option<u64>);

fn claims_of(value: Option<Value>, strict: bool) -> Result<Claims, Error> {
    let Some(value) = value else { return Ok((None, None, None)) };
    let mut claims = Fields::parse(value)?;
    let mut text = |key| match claims.optional(key) {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => Err(Error::Shape("a CWT claim is not text")),
    };
    let (issuer, subject) = (text(claim::ISSUER)?, text(claim::SUBJECT)?);
    let issued_at = match claims.optional(claim::ISSUED_AT) {
        None => None,
        Some(value) => {
            let seconds = value.as_integer().and_then(|seconds| u64::try_from(seconds).ok());
            let seconds = seconds.filter(|seconds| i64::try_from(*seconds).is_ok());
            Some(seconds.ok_or(Error::Shape("iat is no time since 1970"))?)
        }
    };
    if strict {
        claims.end("a CWT claim this profile does not know")?;
    }
    Ok((issuer, subject, issued_at))
}

fn proofs_of(envelope: &Envelope, order: Order) -> Result<Vec<Proof>, Error> {
    let strict = order == Order::Sorted;
    let mut unprotected = Fields::parse(Value::Map(envelope.unprotected.clone()))?;
    let mut kinds = Fields::parse(unprotected.take(PROOFS, "no proofs (396)")?)?;
    let list = kinds.take(INCLUSION, "no proofs of inclusion (396, -1)")?;
    if strict {
        unprotected.end("an unprotected header this profile does not know")?;
        kinds.end("proofs of another kind")?;
    }
    let Value::Array(list) = list else { return Err(Error::Shape("the proofs are no list")) };
    if !(1..=MAX_PROOFS).contains(&list.len()) {
        return Err(Error::Shape("not 1 to 4 proofs"));
    }
    let proof = |value: Value| match value {
        Value::Bytes(bytes) => Proof::parse(&bytes, order),
        _ => Err(Error::Shape("a proof is not in bytes")),
    };
    list.into_iter().map(proof).collect()
}
