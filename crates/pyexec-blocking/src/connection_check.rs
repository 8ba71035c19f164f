//! Connections that are made only where somebody vouches for the other end.

use std::{fmt, io, sync::Arc};
use ureq::{
    Error,
    unversioned::transport::{ConnectionDetails, Connector, Transport},
};

/// Asked once a connection is made and nothing has gone over it.
#[derive(Clone)]
pub(crate) struct ConnectionCheck(Arc<dyn Fn() -> io::Result<()> + Send + Sync>);

impl ConnectionCheck {
    pub(crate) fn new(check: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }
}

impl Default for ConnectionCheck {
    fn default() -> Self {
        Self::new(|| Ok(()))
    }
}

impl fmt::Debug for ConnectionCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionCheck")
    }
}

impl<In: Transport> Connector<In> for ConnectionCheck {
    type Out = In;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<In>, Error> {
        self.0().map_err(Error::Io)?;
        Ok(chained)
    }
}
