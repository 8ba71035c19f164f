//! The settings of `pyexec serve`: each is a flag, a variable and a key of the configuration file.

use clap::{Arg, ArgAction, Command, builder::Resettable, error::ContextKind, error::ContextValue};
use std::{any::TypeId, error::Error as _, time::Duration};

/// Flags that say what to do with settings, and are none.
const OTHERS: [&str; 2] = ["config", "print_config"];

/// One setting, by its flag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a>(&'a Arg);

/// How a setting is written in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Flag,
    Number,
    Duration,
    Text,
    Texts,
}

/// All settings of the command `serve`, in the order of its help.
pub(super) fn settings(serve: &Command) -> impl Iterator<Item = Setting<'_>> {
    let is_one = |arg: &&Arg| arg.get_long().is_some() && !OTHERS.contains(&arg.get_id().as_str());
    serve.get_arguments().filter(is_one).map(Setting)
}

impl<'a> Setting<'a> {
    /// What the parser calls it.
    pub(super) fn id(self) -> &'a str {
        self.0.get_id().as_str()
    }

    fn long(self) -> &'a str {
        self.0.get_long().unwrap_or_default()
    }

    /// `--max-body-mb`
    pub(super) fn flag(self) -> String {
        format!("--{}", self.long())
    }

    /// `max_body_mb`
    pub(super) fn key(self) -> String {
        self.long().replace('-', "_")
    }

    /// `PYEXEC_MAX_BODY_MB`
    pub(super) fn variable(self) -> String {
        self.0.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Whether nobody may read it.
    pub(super) fn is_secret(self) -> bool {
        self.id() == "token"
    }

    pub(super) fn kind(self) -> Kind {
        let of = self.0.get_value_parser().type_id();
        let numbers = [TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<u64>()];
        match self.0.get_action() {
            ArgAction::SetTrue => Kind::Flag,
            ArgAction::Append => Kind::Texts,
            _ if of == TypeId::of::<Duration>() => Kind::Duration,
            _ if numbers.iter().any(|number| of == *number) || of == TypeId::of::<usize>() => {
                Kind::Number
            }
            _ => Kind::Text,
        }
    }

    /// What is wrong with a value, by the words of whoever reads the flag.
    pub(super) fn problem(self, value: &str) -> Option<String> {
        if self.kind() == Kind::Flag {
            return None;
        }
        let arg = self.0.clone().env(Resettable::Reset);
        let alone = Command::new("serve").no_binary_name(true).disable_help_flag(true).arg(arg);
        let error = alone.try_get_matches_from([format!("{}={value}", self.flag())]).err()?;
        if let Some(cause) = error.source() {
            return Some(cause.to_string());
        }
        match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(valid)) => {
                Some(format!("{value:?} is none of {}", valid.join(", ")))
            }
            _ => Some(format!("{value:?} is not valid")),
        }
    }
}

/// The setting that somebody may have meant by a key that is none.
pub(super) fn meant(serve: &Command, key: &str) -> Option<String> {
    let flag = format!("--{}", key.to_lowercase().replace('_', "-"));
    if let Some(setting) = settings(serve).find(|setting| setting.flag() == flag) {
        return Some(setting.key());
    }
    let variable = key.to_uppercase();
    if let Some(setting) = settings(serve).find(|setting| setting.variable() == variable) {
        return Some(setting.key());
    }
    if !flag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    // The parser of flags knows what they may be mistaken for.
    let error = serve.clone().no_binary_name(true).try_get_matches_from([&flag]).err()?;
    let Some(ContextValue::String(flag)) = error.get(ContextKind::SuggestedArg) else {
        return None;
    };
    settings(serve).find(|setting| setting.flag() == *flag).map(Setting::key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::definition;
    use std::{fmt::Write as _, fs};

    #[test]
    fn each_has_a_variable_of_its_name() {
        // Lists.
        let others = ["PYEXEC_ALLOWED_HOSTS", "PYEXEC_ALLOW_PACKAGES", "PYEXEC_DENY_PACKAGES"];
        let command = definition();
        for setting in settings(command.find_subcommand("serve").unwrap()) {
            let (variable, key) = (setting.variable(), setting.key());
            let is_usual = variable == format!("PYEXEC_{}", key.to_uppercase());
            assert!(is_usual || others.contains(&variable.as_str()), "{variable} of {key}");
        }
    }

    #[test]
    fn kinds() {
        let command = definition();
        let kind = |key: &str| {
            settings(command.find_subcommand("serve").unwrap())
                .find(|setting| setting.key() == key)
                .map(Setting::kind)
        };
        assert_eq!(kind("strict"), Some(Kind::Flag));
        for number in ["port", "slots", "cpus_per_execution", "default_memory_mb"] {
            assert_eq!(kind(number), Some(Kind::Number), "{number}");
        }
        assert_eq!(kind("grace"), Some(Kind::Duration));
        assert_eq!(kind("allowed_host"), Some(Kind::Texts));
        for text in ["host", "state_dir", "network_mode", "isolation"] {
            assert_eq!(kind(text), Some(Kind::Text), "{text}");
        }
        for none in ["config", "print_config", "help"] {
            assert_eq!(kind(none), None, "{none}");
        }
    }

    #[test]
    fn what_was_meant() {
        let command = definition();
        let meant = |key| meant(command.find_subcommand("serve").unwrap(), key);
        assert_eq!(meant("prot").as_deref(), Some("port"));
        assert_eq!(meant("max-body-mb").as_deref(), Some("max_body_mb"));
        assert_eq!(meant("PYEXEC_ALLOWED_HOSTS").as_deref(), Some("allowed_host"));
        assert_eq!(meant("allowed_hosts").as_deref(), Some("allowed_host"));
        for none in ["xyzzy", "", "a b", "=", "help", "config"] {
            assert_eq!(meant(none), None, "{none}");
        }
    }

    /// The table of all settings, for docs/configuration.md.
    fn table() -> String {
        let command = definition();
        let mut table =
            String::from("| setting | variable | default | what |\n|---|---|---|---|\n");
        let mut heading = None;
        for setting in settings(command.find_subcommand("serve").unwrap()) {
            if setting.0.get_help_heading() != heading {
                heading = setting.0.get_help_heading();
                writeln!(table, "| **{}** | | | |", heading.unwrap()).unwrap();
            }
            let help = setting.0.get_help().unwrap().to_string();
            let (mut what, mut default) = match help.split_once(" [default: ") {
                Some((what, default)) => {
                    (what.to_owned(), default.trim_end_matches(']').to_owned())
                }
                None => (help, String::new()),
            };
            let values: Vec<_> = setting.0.get_possible_values();
            let values: Vec<_> = values.iter().filter(|value| !value.is_hide_set()).collect();
            if setting.kind() == Kind::Text && !values.is_empty() {
                let names: Vec<_> = values.iter().map(|value| value.get_name()).collect();
                write!(what, " ({})", names.join(", ")).unwrap();
            }
            if default.is_empty() {
                let values = setting.0.get_default_values().iter();
                default = values.map(|value| value.to_string_lossy()).collect();
            }
            if default.is_empty() {
                default = if setting.kind() == Kind::Flag { "false" } else { "none" }.into();
            }
            let (key, variable) = (setting.key(), setting.variable());
            writeln!(table, "| `{key}` | `{variable}` | {default} | {what} |").unwrap();
        }
        table
    }

    /// `BLESS=1 cargo test -p pyexec-cli settings_are_documented` writes it.
    #[test]
    fn settings_are_documented() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let text = fs::read_to_string(path).unwrap();
        let (before, rest) = text.split_once("<!-- settings -->\n").unwrap();
        let (now, after) = rest.split_once("<!-- end of settings -->").unwrap();
        let table = table();
        if std::env::var_os("BLESS").is_some() {
            let text = format!("{before}<!-- settings -->\n{table}<!-- end of settings -->{after}");
            fs::write(path, text).unwrap();
            return;
        }
        assert_eq!(now, table, "docs/configuration.md is behind; BLESS=1 writes it");
    }
}
