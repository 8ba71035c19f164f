//! The configuration file: settings in TOML, below flags and variables, above the defaults.

use super::setting::{Kind, Setting, meant, settings};
use crate::failure::Failure;
use clap::{Arg, ArgMatches, Command};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// What a configuration file says.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
    /// By the ids of the settings.
    values: BTreeMap<String, Vec<String>>,
}

impl ConfigFile {
    /// The file that the command line names, if it does.
    ///
    /// # Errors
    ///
    /// Where it can't be read or understood, or holds what is no setting.
    pub(super) fn named(command: &Command, matches: &ArgMatches) -> Result<Option<Self>, Failure> {
        let path = matches.subcommand_matches("serve").and_then(|m| m.get_one::<PathBuf>("config"));
        path.zip(command.find_subcommand("serve"))
            .map(|(path, serve)| Self::read(path, serve))
            .transpose()
    }

    fn read(path: &Path, serve: &Command) -> Result<Self, Failure> {
        let name = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::ours(format!("can't read {name}")).because(&error))?;
        Ok(Self { path: path.to_owned(), values: parse(&text, serve, &name.to_string())? })
    }

    /// What an operator should know of it: others can read what is secret.
    pub(super) fn warning(&self) -> Option<String> {
        let is_open = fs::metadata(&self.path).is_ok_and(|metadata| metadata.mode() & 0o004 != 0);
        let name = self.path.display();
        (is_open && self.holds("token"))
            .then(|| format!("everyone on this machine can read the token in {name}"))
    }

    /// Has what it says hold where neither a flag nor a variable says otherwise.
    pub(super) fn apply(&self, command: Command) -> Command {
        let with_default = |arg: Arg| match self.values.get(arg.get_id().as_str()) {
            Some(values) => arg.default_values(values),
            None => arg,
        };
        command.mut_subcommand("serve", |serve| serve.mut_args(with_default))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it says anything of a setting.
    pub(super) fn holds(&self, id: &str) -> bool {
        self.values.contains_key(id)
    }
}

fn parse(
    text: &str,
    serve: &Command,
    name: &str,
) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let line = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
    let document = DeTable::parse(text).map_err(|error| {
        // Its other words quote the text, which may hold a token.
        let line = line(error.span().map_or(text.len(), |span| span.start));
        Failure::usage(format!("{name}: line {line} is no TOML: {}", error.message()))
            .hint("write each setting as in: port = 8080")
    })?;
    let mut found = BTreeMap::new();
    for (key, value) in document.get_ref() {
        let line = line(key.span().start);
        let key = key.get_ref().as_ref();
        let Some(setting) = settings(serve).find(|setting| setting.key() == key) else {
            let failure = Failure::usage(format!("{name}: line {line}: {key:?} is no setting"));
            return Err(match meant(serve, key) {
                Some(other) => failure.hint(format!("did you mean {other}?")),
                None => failure.hint("`pyexec serve --print-config` shows all there are"),
            });
        };
        let wrong = |problem| Failure::usage(format!("{name}: line {line}: {key}: {problem}"));
        let values = values(setting, value).map_err(wrong)?;
        if let Some(problem) = values.iter().find_map(|value| setting.problem(value)) {
            return Err(wrong(problem));
        }
        if !values.is_empty() {
            found.insert(setting.id().to_owned(), values);
        }
    }
    Ok(found)
}

/// A value as a flag would have it; none where it is empty, as with variables.
fn values(setting: Setting<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, String> {
    let text = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    };
    let number = || match value.get_ref() {
        DeValue::Integer(number) => {
            i128::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    };
    let (values, takes) = match setting.kind() {
        Kind::Flag => {
            let flag = match value.get_ref() {
                DeValue::Boolean(flag) => Some(vec![flag.to_string()]),
                _ => None,
            };
            (flag, "true or false")
        }
        Kind::Number => (number().map(|number| vec![number]), "a number"),
        Kind::Duration => (
            text(value).or_else(number).map(|time| vec![time]),
            "seconds, or a text such as \"5m\"",
        ),
        Kind::Text => (text(value).map(|text| vec![text]), "a text in quotes"),
        Kind::Texts => {
            let texts = match value.get_ref() {
                DeValue::Array(values) => values.iter().map(text).collect(),
                _ => text(value).map(|text| vec![text]),
            };
            (texts, "texts in quotes, as in [\"a\", \"b\"]")
        }
    };
    let values = values.ok_or_else(|| format!("it takes {takes}"))?;
    Ok(values.into_iter().filter(|value| !value.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{self, ServeArgs, definition};

    fn parsed(text: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
        let command = definition();
        let serve = command.find_subcommand("serve").unwrap();
        parse(text, serve, "c.toml").map_err(|failure| failure.text())
    }

    fn serve(text: &str, line: &str) -> ServeArgs {
        let file = ConfigFile { path: "c.toml".into(), values: parsed(text).unwrap() };
        let command = file.apply(definition());
        let matches = command.clone().try_get_matches_from(line.split(' ')).unwrap();
        match args::understand(command, &matches).unwrap() {
            args::Command::Serve(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let text = "port = 1_000\nslots = 0x3\nhost = '::1'\nstrict = true\ncleanup_ttl = '5m'\n\
                    grace = 7\ncpus_per_execution = 1.5\nallowed_host = ['a', 'b']\n\
                    log_format = \"json\"\ntoken = 'secret'\nstate_dir = ''\n";
        let args = serve(text, "pyexec serve --port 2 --log-level debug");
        assert_eq!((args.port, args.slots, args.host.as_str()), (2, 3, "::1"));
        assert!(args.strict && args.log_level == "debug");
        assert_eq!((args.cleanup_ttl.as_secs(), args.grace.as_secs()), (300, 7));
        assert_eq!(args.cpus_per_execution, Some(150));
        assert_eq!(args.doors.allowed_host, ["a", "b"]);
        assert_eq!(args.log_format, args::LogFormat::Json);
        assert_eq!((args.doors.token.as_deref(), args.state_dir), (Some("secret"), None));
        let args = serve(text, "pyexec serve --allowed-host c");
        assert_eq!(args.doors.allowed_host, ["c"]);
    }

    #[test]
    fn the_documentations_example() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let text = fs::read_to_string(path).unwrap();
        let example = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let args = serve(example, "pyexec serve");
        assert_eq!(
            (args.slots, args.grace.as_secs(), args.doors.tls_cert.is_some()),
            (8, 30, true)
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line_and_a_remedy() {
        for (text, problem) in [
            ("\nprot = 1", "line 2: \"prot\" is no setting\nhint: did you mean port?"),
            (
                "xyzzy = 1",
                "line 1: \"xyzzy\" is no setting\nhint: `pyexec serve --print-config` shows all there are",
            ),
            (
                "[server]\nport = 1",
                "line 1: \"server\" is no setting\nhint: `pyexec serve --print-config` shows all there are",
            ),
            ("port = 65536", "line 1: port: 65536 is not in 0..=65535"),
            ("port = '80'", "line 1: port: it takes a number"),
            ("slots = 0", "line 1: slots: 0 is not in 1..18446744073709551615"),
            ("host = 1", "line 1: host: it takes a text in quotes"),
            ("strict = 'yes'", "line 1: strict: it takes true or false"),
            (
                "allowed_host = ['a', 1]",
                "line 1: allowed_host: it takes texts in quotes, as in [\"a\", \"b\"]",
            ),
            ("grace = 'soon'", "line 1: grace: \"soon\" is no duration; write 300, 300s or 5m"),
            ("grace = true", "line 1: grace: it takes seconds, or a text such as \"5m\""),
            ("log_format = 'xml'", "line 1: log_format: \"xml\" is none of text, json"),
        ] {
            let error = parsed(text).unwrap_err();
            assert_eq!(error.trim_end(), format!("error: c.toml: {problem}"), "{text}");
        }
    }

    #[test]
    fn what_is_no_toml_is_not_quoted() {
        for text in [
            "token = hunter2",
            "token = 'hunter2",
            "hunter2",
            "token = 'a'\ntoken = 'hunter2'",
            "token = \"hunter2\\q\"",
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(" is no TOML: ") && !error.contains("hunter2"), "{error}");
        }
    }
}
