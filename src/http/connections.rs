//! Connections that end: each has a deadline, and there are only so many at once.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::time::{Sleep, sleep};

/// What bounds a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at once; one more is closed at once.
    pub connections: usize,
    /// How long a connection may live, from its first byte to its last.
    pub lifetime: Duration,
    /// The longest body of a request, in bytes.
    pub body: usize,
}

/// Accepts connections, and hands out only bounded ones.
pub(crate) struct Bounded {
    listener: TcpListener,
    limits: Limits,
    open: Arc<AtomicUsize>,
}

/// A connection that counts as long as it lives, and fails when its time is up.
pub(crate) struct Connection {
    stream: <TcpListener as Listener>::Io,
    deadline: Pin<Box<Sleep>>,
    open: Arc<AtomicUsize>,
}

impl Bounded {
    pub(crate) fn new(listener: TcpListener, limits: Limits) -> Self {
        Self { listener, limits, open: Arc::default() }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            if self.open.fetch_add(1, Ordering::SeqCst) >= self.limits.connections {
                self.open.fetch_sub(1, Ordering::SeqCst);
                continue;
            }
            let deadline = Box::pin(sleep(self.limits.lifetime));
            return (Connection { stream, deadline, open: Arc::clone(&self.open) }, address);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connection {
    /// Fails once the deadline has passed, and wakes whoever waits when it does.
    fn in_time(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.in_time(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
