//! The variables that are read.

use clap::Command;

/// What clients read, and their own words for it; `serve` has its flags' words.
const CLIENTS: &[(&str, &str)] = &[
    ("PYEXEC_SERVER", "server to use, or `local` for this machine"),
    ("PYEXEC_TOKEN", "token that opens the server; with `serve`, the one that opens it"),
    ("PYEXEC_PROFILE", "profile of the configuration file to use"),
    ("PYEXEC_ISOLATION", "least isolation that will do on this machine: full or no-proc"),
    ("PYEXEC_LOCAL_IDLE", "seconds without work after which the local server ends [default: 600]"),
    ("XDG_CONFIG_HOME", "folder in which pyexec/config.toml is [default: ~/.config]"),
    (
        "XDG_STATE_HOME",
        "folder in which the local server keeps executions [default: ~/.local/state]",
    ),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY", "proxy on the way to a server"),
    ("NO_PROXY", "hosts that are reached without it"),
    ("NO_COLOR", "set to anything: no colours"),
    ("PATH, HOME", "where interpreters are looked for"),
];

/// All variables, with a line each.
pub(super) fn text(command: &Command) -> String {
    let mut text = "Variables that pyexec reads; one that is set to nothing is not set.\n\n".into();
    lines(
        &mut text,
        CLIENTS.iter().map(|(name, what)| ((*name).to_owned(), (*what).to_owned())).collect(),
    );
    for name in ["serve", "doctor"] {
        let Some(command) = command.find_subcommand(name) else { continue };
        let of_flags = command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(|arg| {
            let name = arg.get_env()?.to_string_lossy().into_owned();
            Some((name, format!("--{}", arg.get_long()?)))
        });
        text += &format!("\nThose of `pyexec {name}` stand for its flags:\n\n");
        lines(&mut text, of_flags.collect());
    }
    text
}

fn lines(text: &mut String, rows: Vec<(String, String)>) {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, what) in rows {
        *text += &format!("  {name:<width$}  {what}\n");
    }
}
