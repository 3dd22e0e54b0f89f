//! The `whosaid` program. Everything it does is in the library; see `whosaid::cli`.

/// What one thread took another gives back, by the million: the system's allocator has them wait for
/// each other, which takes an eighth of the time of an import, and a tenth of that of `verify`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    whosaid::cli::run(std::env::args_os())
}
