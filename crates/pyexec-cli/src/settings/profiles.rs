//! The profiles there are, and the one that counts.

use super::{Lookup, Profile, Setting, Source, config_file, document::Document, nearest, variable};
use crate::failure::Failure;
use std::{collections::BTreeMap, fs, io, path::PathBuf};

/// The one that is used where none is named.
const DEFAULT: &str = "default";

/// All profiles of the configuration file.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    /// Where the file is, or would be.
    pub(crate) file: Option<PathBuf>,
    pub(crate) exists: bool,
    pub(crate) by_name: BTreeMap<String, Profile>,
}

/// The profile that counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chosen {
    pub(crate) name: Setting<String>,
    pub(crate) profile: Profile,
}

impl Profiles {
    /// Reads the file; where there is none, there are no profiles.
    ///
    /// # Errors
    ///
    /// Where it can't be read, or says what has no meaning.
    pub(crate) fn read(lookup: Lookup<'_>) -> Result<Self, Failure> {
        let Some(file) = config_file(lookup) else { return Ok(Self::default()) };
        match fs::read_to_string(&file) {
            Ok(text) => {
                let by_name = Document { file: &file, text: &text, lookup }.profiles()?;
                Ok(Self { file: Some(file), exists: true, by_name })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { file: Some(file), ..Self::default() })
            }
            Err(error) => {
                Err(Failure::ours(format!("can't read {}", file.display())).because(&error))
            }
        }
    }

    /// The one that a flag names, else `PYEXEC_PROFILE`, else `default`, which need not be there.
    ///
    /// # Errors
    ///
    /// Where the one that was named isn't there.
    pub(crate) fn choose(&self, flag: Option<&str>, lookup: Lookup<'_>) -> Result<Chosen, Failure> {
        let name = match (flag, variable(lookup, "PYEXEC_PROFILE")?) {
            (Some(name), _) => Setting::new(name.to_owned(), Source::Flag("--profile")),
            (None, Some(name)) => Setting::new(name, Source::Variable("PYEXEC_PROFILE")),
            (None, None) => Setting::new(DEFAULT.to_owned(), Source::BuiltIn),
        };
        match self.by_name.get(&name.value) {
            Some(profile) => Ok(Chosen { profile: profile.clone(), name }),
            None if name.value == DEFAULT => Ok(Chosen { name, ..Chosen::default() }),
            None => Err(self.unknown(&name)),
        }
    }

    fn unknown(&self, name: &Setting<String>) -> Failure {
        let Setting { value, source } = name;
        let failure = Failure::usage(format!("{source}: there is no profile `{value}`"));
        let Some(file) = &self.file else {
            return failure.hint("set HOME, or XDG_CONFIG_HOME, to have profiles");
        };
        let file = file.display();
        let names: Vec<_> = self.by_name.keys().map(String::as_str).collect();
        failure.hint(match nearest(value, names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if names.is_empty() => {
                format!("write it into {file}, below a line [profile.{value}]")
            }
            None => format!("{file} has {}", names.join(", ")),
        })
    }
}
