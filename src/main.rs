//! The `whosaid` program. Everything it does is in the library; see `whosaid::cli`.

fn main() -> std::process::ExitCode {
    whosaid::cli::run(std::env::args_os())
}
