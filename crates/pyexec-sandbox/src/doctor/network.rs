//! Which networks executions could have.

use super::Finding;
use crate::Network;

pub(super) fn findings(wanted: &Network) -> [Finding; 2] {
    let text = match wanted {
        Network::None => "none, unless an operator chooses pasta or host",
        Network::Host => "host, as chosen: those that ask for it share this machine's",
        Network::Pasta(_) => "pasta, as chosen: those that ask for it get one of their own",
    };
    let pasta = match Network::pasta() {
        Ok(Network::Pasta(path)) => Finding::ok("pasta", path.display().to_string()),
        Ok(_) => Finding::ok("pasta", "it is there"),
        Err(error) => Finding::warn("pasta", "not installed: of networks only host can be chosen")
            .hint(error.hint().unwrap_or_default()),
    };
    [Finding::ok("network", text), pasta]
}
