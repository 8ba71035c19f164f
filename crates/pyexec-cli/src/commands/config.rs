//! `pyexec config`: what is decided outside the command line.

use crate::{
    args::{ConfigArgs, ConfigCommand, ConfigShowArgs},
    console, exit_code,
    failure::Failure,
    settings::{self, Chosen, Connection, Profiles, Source, Token},
};
use pyexec_blocking::BaseUrl;
use serde_json::{Map, Value, json};
use std::{env, path::PathBuf};

/// Shows the settings, or where they are.
pub(super) fn config(args: ConfigArgs) -> Result<u8, Failure> {
    match args.wanted {
        ConfigCommand::Show(args) => show(args)?,
        ConfigCommand::Path => path()?,
    }
    Ok(exit_code::SUCCESS)
}

fn path() -> Result<(), Failure> {
    let path = settings::config_file(&|name| env::var_os(name)).ok_or_else(|| {
        Failure::ours("there is no place for a configuration file")
            .hint("set HOME, or XDG_CONFIG_HOME to a whole path")
    })?;
    console::print_line(&path.display().to_string())
}

fn show(args: ConfigShowArgs) -> Result<(), Failure> {
    let lookup = |name: &str| env::var_os(name);
    let profiles = Profiles::read(&lookup)?;
    let chosen = profiles.choose(args.connection.profile.as_deref(), &lookup)?;
    let rows = rows(args.connection.settled, chosen);
    if args.json {
        console::print_line(&format!("{:#}", object(&profiles, &rows)))
    } else {
        console::print(text(&profiles, &rows).as_bytes())
    }
}

/// One setting, without what is secret.
struct Row {
    name: &'static str,
    value: Value,
    source: Source,
    /// The file that it is in.
    file: Option<PathBuf>,
}

fn rows(connection: Connection, chosen: Chosen) -> Vec<Row> {
    let Chosen { name, profile } = chosen;
    let of_profile = Source::Profile(name.value.clone());
    let row = |name, value, source| Row { name, value, source, file: None };
    let server = connection.server.value.as_deref().map_or(json!("local"), |url| {
        // Without a password; what is no URL may hold one anywhere.
        json!(BaseUrl::new(url).map_or("(invalid)".into(), |url| url.to_string()))
    });
    let token = connection.token.value;
    let file = match &token {
        Some(Token::File(path)) => Some(path.clone()),
        _ => None,
    };
    let token = token.map_or(Value::Null, |_| json!("(hidden)"));
    let mut rows = vec![
        row("profile", json!(name.value), name.source),
        row("server", server, connection.server.source),
        Row { name: "token", value: token, source: connection.token.source, file },
    ];
    rows.extend(
        [
            ("timeout", json!(profile.timeout)),
            ("memory", json!(profile.memory)),
            ("disk", json!(profile.disk)),
            ("cpu", json!(profile.cpu)),
            ("network", json!(profile.network)),
            ("image", json!(profile.image)),
            ("python", json!(profile.python)),
        ]
        .map(|(name, value)| {
            let source = if value.is_null() { Source::BuiltIn } else { of_profile.clone() };
            row(name, value, source)
        }),
    );
    rows
}

fn object(profiles: &Profiles, rows: &[Row]) -> Value {
    let settings: Map<_, _> = rows
        .iter()
        .map(|row| {
            let mut setting = json!({
                "value": row.value,
                "source": row.source.kind(),
                "from": row.source.name(),
            });
            if let Some(file) = &row.file {
                setting["file"] = json!(file.display().to_string());
            }
            (row.name.to_owned(), setting)
        })
        .collect();
    json!({
        "file": profiles.file.as_ref().map(|path| path.display().to_string()),
        "file_exists": profiles.exists,
        "profiles": profiles.by_name.keys().collect::<Vec<_>>(),
        "settings": settings,
    })
}

fn text(profiles: &Profiles, rows: &[Row]) -> String {
    let file = match &profiles.file {
        Some(path) if profiles.exists => path.display().to_string(),
        Some(path) => format!("{} (not there)", path.display()),
        None => "none, as neither HOME nor XDG_CONFIG_HOME is set".into(),
    };
    let names: Vec<_> = profiles.by_name.keys().map(String::as_str).collect();
    let names = if names.is_empty() { "none".into() } else { names.join(", ") };
    let values: Vec<_> = rows.iter().map(|row| shown(&row.value)).collect();
    let width = values.iter().map(|value| value.chars().count()).max().unwrap_or(0);
    let mut text = format!("file: {file}\nprofiles: {names}\n\n");
    for (row, value) in rows.iter().zip(values) {
        let file = row.file.as_ref().map(|path| format!(", {}", path.display()));
        let file = file.unwrap_or_default();
        text += &format!("{:<8} {value:<width$}  {}{file}\n", row.name, row.source);
    }
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
