//! The configuration file while it is read.

use super::{Lookup, Profile, location, nearest, profile::KEYS};
use crate::failure::Failure;
use pyexec_blocking::BaseUrl;
use std::{borrow::Cow, collections::BTreeMap, path::Path};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The server that is this machine.
pub(super) const LOCAL: &str = "local";

/// How a profile is written.
const SHAPE: &str = "a profile begins with a line [profile.NAME]; [profile.default] is the one \
                     that is used where none is named";

/// The configuration file while it is read.
pub(super) struct Document<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
    pub(super) lookup: Lookup<'a>,
}

type Key<'a> = Spanned<Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl Document<'_> {
    /// All profiles by their names.
    ///
    /// # Errors
    ///
    /// The first thing that has no meaning, with its line, and what may have been meant.
    pub(super) fn profiles(&self) -> Result<BTreeMap<String, Profile>, Failure> {
        let root = DeTable::parse(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            // Its message alone: what it would show of the file may be a secret.
            self.wrong(at, error.message())
        })?;
        let mut profiles = BTreeMap::new();
        for (key, value) in root.get_ref() {
            match value.get_ref() {
                DeValue::Table(tables) if key.get_ref() == "profile" => {
                    for (name, value) in tables {
                        profiles.insert(name.get_ref().to_string(), self.profile(name, value)?);
                    }
                }
                _ => return Err(self.outside(key, value)),
            }
        }
        Ok(profiles)
    }

    fn profile(&self, name: &Key<'_>, value: &Value<'_>) -> Result<Profile, Failure> {
        let DeValue::Table(keys) = value.get_ref() else {
            return Err(self.outside(name, value));
        };
        let mut profile = Profile::default();
        for (key, value) in keys {
            match key.get_ref().as_ref() {
                "server" => profile.server = Some(self.server(key, value)?),
                "token_file" => {
                    let path = self.words(key, value)?;
                    profile.token_file = Some(location::resolve(path, self.file, self.lookup));
                }
                "timeout" => profile.timeout = Some(self.number(key, value)?),
                "memory" => profile.memory = Some(self.number(key, value)?),
                "disk" => profile.disk = Some(self.number(key, value)?),
                "cpu" => profile.cpu = Some(self.number(key, value)?),
                "network" => profile.network = Some(self.yes_or_no(key, value)?),
                "image" => profile.image = Some(self.words(key, value)?.to_owned()),
                "python" => profile.python = Some(self.words(key, value)?.to_owned()),
                _ => return Err(self.unknown(key, Some(name.get_ref()))),
            }
        }
        let is_remote = profile.server.as_deref().is_some_and(|server| server != LOCAL);
        if profile.token_file.is_some() && !is_remote {
            let message = format!("profile `{}` has a token_file and no server", name.get_ref());
            let hint = "name the server too: a token is sent to its own server only";
            return Err(self.wrong(name.span().start, &message).hint(hint));
        }
        Ok(profile)
    }

    fn words<'v>(&self, key: &Key<'_>, value: &'v Value<'_>) -> Result<&'v str, Failure> {
        let words = value.get_ref().as_str().map(str::trim).filter(|words| !words.is_empty());
        words.ok_or_else(|| self.mistaken(key, "a text in quotation marks"))
    }

    fn server(&self, key: &Key<'_>, value: &Value<'_>) -> Result<String, Failure> {
        let url = self.words(key, value)?;
        if url != LOCAL {
            // What it says of the URL holds no password.
            BaseUrl::new(url).map_err(|error| {
                let hint = "for example server = \"http://127.0.0.1:8080\"; \"local\" is this \
                            machine";
                self.wrong(key.span().start, &error.to_string()).hint(hint)
            })?;
        }
        Ok(url.to_owned())
    }

    fn number(&self, key: &Key<'_>, value: &Value<'_>) -> Result<u32, Failure> {
        let integer = value.get_ref().as_integer();
        integer
            .and_then(|integer| u32::from_str_radix(integer.as_str(), integer.radix()).ok())
            .ok_or_else(|| self.mistaken(key, "a whole number from 0 to 4294967295"))
    }

    fn yes_or_no(&self, key: &Key<'_>, value: &Value<'_>) -> Result<bool, Failure> {
        value.get_ref().as_bool().ok_or_else(|| self.mistaken(key, "true or false"))
    }

    fn mistaken(&self, key: &Key<'_>, expected: &str) -> Failure {
        self.wrong(key.span().start, &format!("`{}` has to be {expected}", key.get_ref()))
    }

    /// What stands where only `[profile.NAME]` may stand.
    fn outside(&self, key: &Key<'_>, value: &Value<'_>) -> Failure {
        let name = key.get_ref();
        let at = key.span().start;
        match value.get_ref() {
            _ if KEYS.contains(&name.as_ref()) => {
                self.wrong(at, &format!("`{name}` stands outside of any profile")).hint(SHAPE)
            }
            DeValue::Table(_) if nearest(name, ["profile"]).is_none() => {
                let hint = format!("a profile of that name begins with a line [profile.{name}]");
                self.wrong(at, &format!("unknown table `{name}`")).hint(hint)
            }
            _ => self.unknown(key, None),
        }
    }

    fn unknown(&self, key: &Key<'_>, profile: Option<&str>) -> Failure {
        let name = key.get_ref();
        let place = profile.map(|name| format!(" in profile `{name}`")).unwrap_or_default();
        let failure = self.wrong(key.span().start, &format!("unknown key `{name}`{place}"));
        let known = if profile.is_some() { &KEYS[..] } else { &["profile"] };
        match nearest(name, known.iter().copied()) {
            _ if name == "token" => failure.hint(
                "a token isn't kept here: write it into a file of its own, and name that by \
                 token_file",
            ),
            Some(key) => failure.hint(format!("did you mean `{key}`?")),
            None if profile.is_some() => failure.hint(format!("a profile has {}", KEYS.join(", "))),
            None => failure.hint(SHAPE),
        }
    }

    fn wrong(&self, at: usize, message: &str) -> Failure {
        let before = self.text.as_bytes().iter().take(at);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        Failure::usage(format!("{}, line {line}: {message}", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, Profile>, String> {
        let document = Document { file: Path::new("/c/f"), text, lookup: &|_| Some("/h".into()) };
        document.profiles().map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn every_key_is_known() {
        for key in KEYS {
            // Of the wrong kind all the same, so that nothing else is said of it.
            let error = read(&format!("[profile.a]\n{key} = []")).unwrap_err();
            assert!(error.contains(&format!("line 2: `{key}` has to be")), "{error}");
        }
    }

    #[test]
    fn a_whole_profile() {
        let text = "[profile.a]\nserver = 'https://h'\ntoken_file = '~/t'\ntimeout = 0x10\n\
                    memory = 64\nnetwork = false\npython = '3.12'\n[profile.default]\n";
        let profiles = read(text).unwrap();
        assert_eq!(profiles["default"], Profile::default());
        let expected = Profile {
            server: Some("https://h".into()),
            token_file: Some("/h/t".into()),
            timeout: Some(16),
            memory: Some(64),
            network: Some(false),
            python: Some("3.12".into()),
            ..Profile::default()
        };
        assert_eq!(profiles["a"], expected);
    }

    #[test]
    fn what_has_no_meaning() {
        for (text, expected) in [
            ("[profile.a]\n\nsever = 'h'", "line 3: unknown key `sever` in profile `a`"),
            ("[profile.a]\nsever = 'h'", "did you mean `server`?"),
            ("[profile.a]\ntoken = 's3cret'", "name that by token_file"),
            ("[profile.a]\ncolour = 1", "a profile has server, token_file"),
            ("server = 'h'", "line 1: `server` stands outside of any profile"),
            ("[profile]\nserver = 'h'", "line 2: `server` stands outside of any profile"),
            ("[work]\nserver = 'h'", "begins with a line [profile.work]"),
            ("[profiles.work]", "did you mean `profile`?"),
            ("[profile.a]\ntimeout = -1", "`timeout` has to be a whole number"),
            ("[profile.a]\ntimeout = 4294967296", "`timeout` has to be a whole number"),
            ("[profile.a]\nserver = ' '", "`server` has to be a text"),
            ("[profile.a]\nserver = 'host:1'", "line 2: invalid base URL"),
            ("[profile.a]\ntoken_file = 't'", "a token_file and no server"),
            ("[profile.a]\nserver = 'local'\ntoken_file = 't'", "a token_file and no server"),
            ("[profile.a]\nserver = 'http://h'\nserver = 'http://h'", "line 3: duplicate key"),
            ("[profile.a", "line 1: "),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        for text in [
            "[profile.a]\ntoken = 's3cret'",
            "[profile.a]\ntoken = s3cret",
            "[profile.a]\nserver = 'http://x:s3cret@'",
            "[profile.a]\nserver = 'x:s3cret@h'",
            "[profile.a]\ntimeout = 's3cret'",
            "s3cret",
        ] {
            let error = read(text).unwrap_err();
            assert!(!error.contains("s3cret"), "{text}: {error}");
        }
    }
}
