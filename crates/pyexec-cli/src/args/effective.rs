//! What `pyexec serve --print-config` shows.

use super::{
    config_file::ConfigFile,
    setting::{Kind, Setting, settings},
};
use clap::{ArgMatches, Command, parser::ValueSource};
use std::fmt::Write;

/// All settings as a configuration file, with where each comes from. Secrets aren't shown.
pub(super) fn effective(
    command: &Command,
    matches: &ArgMatches,
    file: Option<&ConfigFile>,
) -> String {
    let mut text = String::from("# The settings of `pyexec serve`, and where each comes from.\n");
    let Some((serve, own)) =
        command.find_subcommand("serve").zip(matches.subcommand_matches("serve"))
    else {
        return text;
    };
    for setting in settings(serve) {
        let source = match own.value_source(setting.id()) {
            Some(ValueSource::CommandLine) => setting.flag(),
            Some(ValueSource::EnvVariable) => setting.variable(),
            _ => match file.filter(|file| file.holds(setting.id())) {
                Some(file) => file.path().display().to_string(),
                None => "default".into(),
            },
        };
        // A comment ends with its line.
        let source = source.replace(char::is_control, "\u{fffd}");
        let key = setting.key();
        // Writing to a string can't fail.
        let _ = match value(setting, own) {
            None => writeln!(text, "# {key} is not set # {source}"),
            Some(_) if setting.is_secret() => writeln!(text, "# {key} is not shown # {source}"),
            Some(value) => writeln!(text, "{key} = {value} # {source}"),
        };
    }
    text
}

/// A value in TOML, as it was written where it comes from; `None` where there is none.
fn value(setting: Setting<'_>, matches: &ArgMatches) -> Option<String> {
    if setting.kind() == Kind::Flag {
        return Some(matches.get_flag(setting.id()).to_string());
    }
    let raw: Vec<_> = matches.get_raw(setting.id())?.map(|raw| raw.to_string_lossy()).collect();
    let quoted = |raw: &str| toml::Value::String(raw.to_owned()).to_string();
    match setting.kind() {
        Kind::Texts => {
            let texts: Vec<_> = raw.iter().map(|raw| quoted(raw)).collect();
            Some(format!("[{}]", texts.join(", ")))
        }
        // What the parser of flags takes may be written with zeros in front, and TOML's may not.
        Kind::Number => raw.first().map(|raw| match raw.trim_start_matches('0') {
            "" => "0".to_owned(),
            rest if rest.starts_with('.') => format!("0{rest}"),
            rest => rest.to_owned(),
        }),
        _ => raw.first().map(|raw| quoted(raw)),
    }
}
