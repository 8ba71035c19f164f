//! `GET /health`

use crate::{Body, Endpoint, Error, Result, answer};
use pyexec_types::Health;

/// `GET /health`: what the server says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct GetHealth;

impl Endpoint for GetHealth {
    type Output = Health;

    fn request(&self) -> Result<http::Request<Body>> {
        http::Request::get("/health")
            .body(Body::empty())
            .map_err(|error| Error::invalid_because("cannot ask for the server's health", error))
    }

    fn response(&self, response: http::Response<Vec<u8>>) -> Result<Health> {
        answer::json("the server's health", response)
    }
}
