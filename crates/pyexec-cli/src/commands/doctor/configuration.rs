//! Variables and profiles.

use super::finding::Finding;
use crate::{
    args::ConnectionArgs,
    settings::{Chosen, Connection, Profiles},
};
use std::env;

/// What they come to, unless they make no sense.
pub(super) fn findings(args: ConnectionArgs) -> (Option<Connection>, Vec<Finding>) {
    let lookup = |name: &str| env::var_os(name);
    let subject = "configuration";
    let found = Profiles::read(&lookup).and_then(|profiles| {
        let chosen = profiles.choose(args.profile.as_deref(), &lookup)?;
        let connection = Connection::decide(
            args.server.as_deref(),
            args.token_file.as_deref(),
            &chosen,
            &lookup,
        )?;
        Ok((connection, text(&profiles, &chosen)))
    });
    match found {
        Ok((connection, text)) => (Some(connection), vec![Finding::ok(subject, text)]),
        Err(failure) => (None, vec![Finding::failure(subject, failure)]),
    }
}

fn text(profiles: &Profiles, chosen: &Chosen) -> String {
    match &profiles.file {
        Some(file) if profiles.exists => {
            let is_there = profiles.by_name.contains_key(&chosen.name.value);
            let lacks = if is_there { "" } else { ", which isn't there" };
            format!("{}, profile {}{lacks}", file.display(), chosen.name.value)
        }
        Some(file) => format!("none in {}", file.display()),
        None => "none, as neither HOME nor XDG_CONFIG_HOME is set".to_owned(),
    }
}
