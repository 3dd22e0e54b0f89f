//! The `whosaid` program. Everything it does is in the library; see `whosaid::cli`.

fn main() {}
