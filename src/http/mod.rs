//! The face that other machines connect to: a small server for one request a connection.
//!
//! Everything about a connection is bounded: how many there are at once, how long each lives, how
//! long a request is. A connection takes one request and is closed after its answer, so that one
//! deadline covers a slow head, a slow body, a slow reader and an idle peer alike. What is answered
//! is the business of whoever is served.

pub mod interrupt;
pub mod connections;
pub mod server;
pub mod witness;
