//! Ctrl-C, for work that ends gently: a server's, and what takes long. It stands here because the runtime
//! that hears of signals does.

/// Comes to its end when a person presses Ctrl-C.
pub async fn interrupted() {
    // Without the signal there is no gentle end; the system's own still works.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Has somebody told each time a person presses Ctrl-C, by a thread that stays as long as the program;
/// pressing it does nothing else any more.
pub fn at_each_interrupt(mut tell: impl FnMut() + Send + 'static) {
    // Where the system gives no thread for it, its own way to end still works.
    let _ = std::thread::Builder::new().spawn(move || {
        let builder = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let Ok(runtime) = builder else { return };
        runtime.block_on(async {
            loop {
                interrupted().await;
                tell();
            }
        });
    });
}
