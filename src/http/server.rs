//! One server: a socket, limits, and a function from request to answer.
//!
//! The function is called on the one thread of the server, one request at a time, and may wait for
//! the disk: what it does is small. Ends when it is told to, after the requests under way.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode, header};

use crate::http::connections::{Bounded, Limits};

/// A request, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The method, in capital letters.
    pub method: String,
    /// The path, beginning with `/`; what follows a `?` is not in it.
    pub path: String,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// What answers requests.
pub type Service = dyn Fn(&Asked) -> Answered + Send + Sync;

/// A server that listens, and answers once it is run.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    limits: Limits,
}

impl Server {
    /// Binds an address; port 0 is any free port.
    pub fn bind(address: &str, limits: Limits) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, limits })
    }

    /// The address that others can connect to.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` comes to its end. `ready` is called once before the first answer, when
    /// `stop` is listened to already: whoever is told that the server is there can end it.
    pub fn run(
        self,
        service: Arc<Service>,
        stop: impl Future<Output = ()> + Send + 'static,
        ready: impl FnOnce(),
    ) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut stop = Box::pin(stop);
            let stopped = poll_fn(|context| Poll::Ready(stop.as_mut().poll(context))).await;
            if stopped.is_ready() {
                return Ok(());
            }
            ready();
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let limit = self.limits.body;
            let answer = move |request: Request| {
                let service = Arc::clone(&service);
                async move { response(&*service, request, limit).await }
            };
            let router: Router = Router::new().fallback(answer);
            let bounded = Bounded::new(listener, self.limits);
            axum::serve(bounded, router).with_graceful_shutdown(stop).await
        })
    }
}

async fn response(service: &Service, request: Request, limit: usize) -> Response<Body> {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let answered = match to_bytes(request.into_body(), limit).await {
        Ok(body) => service(&Asked { method, path, body: body.to_vec() }),
        // Too long, or broken off; in the second case nobody reads this.
        Err(_) => Answered {
            status: 413,
            content_type: "text/plain; charset=utf-8",
            body: format!("the body has more than {limit} bytes\n").into_bytes(),
        },
    };
    let mut response = Response::new(Body::from(answered.body));
    *response.status_mut() =
        StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let content_type = header::HeaderValue::from_static(answered.content_type);
    headers.insert(header::CONTENT_TYPE, content_type);
    // One request a connection: see `http`.
    headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}
