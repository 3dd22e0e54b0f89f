//! The door to other people's servers: everything that is fetched comes through here.
//!
//! Nothing that is fetched is trusted, and no server is waited for, or listened to, without end.

pub mod fetch;
pub mod address;
pub mod page;
pub mod cache;
pub mod remote;
