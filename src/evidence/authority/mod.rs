//! Certificates (X.509, RFC 5280), from a leaf to a root that the reader has pinned. None is built
//! in: whom to believe is the reader's choice.

pub(crate) mod tlv;
pub mod algorithm;
pub mod x509;
