//! `pyexec local`: this user's own server.

use crate::{
    args::{LocalArgs, LocalCommand},
    console, exit_code,
    failure::Failure,
    local::{Background, serve},
};
use serde_json::json;

/// Looks at it, ends it, or is it.
pub(super) fn local(args: LocalArgs) -> Result<u8, Failure> {
    match args.command {
        LocalCommand::Serve => serve(),
        LocalCommand::Status { json } => status(json),
        LocalCommand::Stop { now } => match Background::find()? {
            Some(server) => {
                server.stop(now)?;
                console::print_line("the local server has ended")?;
                Ok(exit_code::SUCCESS)
            }
            None => {
                console::print_line("no local server runs")?;
                Ok(exit_code::SUCCESS)
            }
        },
    }
}

fn status(as_json: bool) -> Result<u8, Failure> {
    let Some(server) = Background::find()? else {
        if as_json {
            console::print_json(&json!({"running": false}))?;
        } else {
            console::print_line("no local server runs; `pyexec submit` starts one")?;
        }
        return Ok(exit_code::UNWELL);
    };
    let (folder, known) = (server.folder.path().display(), &server.announcement);
    if as_json {
        console::print_json(&json!({
            "running": true,
            "pid": known.pid,
            "version": known.version,
            "url": known.url,
            "folder": folder.to_string(),
        }))?;
    } else {
        console::print_line(&format!(
            "the local server runs: pyexec {}, process {}, {}\nfolder: {folder}",
            known.version, known.pid, known.url
        ))?;
    }
    Ok(exit_code::SUCCESS)
}
