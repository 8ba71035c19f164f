//! One route of the service.

use crate::{Body, Exchange, Once, Result};
use std::time::Duration;

/// One route of the service: how to ask, and how to read the answer. Pure: the same value gives
/// the same request.
///
/// ```
/// use pyexec_core::{Body, Endpoint, Error, Result};
///
/// /// `GET /ready`
/// struct Ready;
///
/// impl Endpoint for Ready {
///     type Output = ();
///
///     fn request(&self) -> Result<http::Request<Body>> {
///         http::Request::get("/ready")
///             .body(Body::empty())
///             .map_err(|error| Error::invalid_because("cannot ask for readiness", error))
///     }
///
///     fn response(&self, response: http::Response<Vec<u8>>) -> Result<()> {
///         match response.status().is_success() {
///             true => Ok(()),
///             false => Err(Error::from_response(&response)),
///         }
///     }
/// }
/// # let call = Ready.once();
/// ```
pub trait Endpoint: Send {
    /// What the answer says.
    type Output: Send;

    /// The request, with the path only.
    ///
    /// # Errors
    ///
    /// When the request can't be put together.
    fn request(&self) -> Result<http::Request<Body>>;

    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// When the answer is an error, or isn't what the API says.
    fn response(&self, response: http::Response<Vec<u8>>) -> Result<Self::Output>;

    /// How long the exchange takes at most where the client's user didn't say; `None` for the
    /// client's default.
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// The request with its limits.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request).
    fn exchange(&self) -> Result<Box<Exchange>> {
        let mut exchange = Exchange::new(self.request()?);
        exchange.timeout = self.timeout();
        Ok(Box::new(exchange))
    }

    /// The call that sends it once.
    fn once(self) -> Once<Self>
    where
        Self: Sized,
    {
        Once(self)
    }
}
