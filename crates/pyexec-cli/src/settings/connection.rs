//! Which server is meant, and with which token.

use super::{Chosen, Lookup, Setting, Source, document::LOCAL, token_file, variable};
use crate::failure::Failure;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Which server is meant, and with which token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection {
    /// `None` is this machine.
    pub(crate) server: Setting<Option<String>>,
    pub(crate) token: Setting<Option<Token>>,
}

/// Where a token is.
#[derive(Clone)]
pub(crate) enum Token {
    Given(String),
    File(PathBuf),
}

/// A server that isn't this process.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

impl Connection {
    /// What flags, variables and the profile come to.
    ///
    /// # Errors
    ///
    /// Where a variable isn't text.
    pub(crate) fn decide(
        server: Option<&str>,
        token_file: Option<&Path>,
        chosen: &Chosen,
        lookup: Lookup<'_>,
    ) -> Result<Self, Failure> {
        let of_profile = || Source::Profile(chosen.name.value.clone());
        let flag = server.map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned);
        let server = match (flag, variable(lookup, "PYEXEC_SERVER")?, &chosen.profile.server) {
            (Some(url), ..) => Setting::new(Some(url), Source::Flag("--server")),
            (_, Some(url), _) => Setting::new(Some(url), Source::Variable("PYEXEC_SERVER")),
            (.., Some(url)) => Setting::new(Some(url.clone()), of_profile()),
            _ => Setting::default(),
        };
        // Its own server is the only one that a profile's token may be sent to.
        let own = chosen.profile.token_file.as_deref().filter(|_| server.source == of_profile());
        let token = match (token_file, variable(lookup, "PYEXEC_TOKEN")?, own) {
            (Some(path), ..) => {
                Setting::new(Some(Token::File(path.into())), Source::Flag("--token-file"))
            }
            (_, Some(token), _) => {
                Setting::new(Some(Token::Given(token)), Source::Variable("PYEXEC_TOKEN"))
            }
            (.., Some(path)) => Setting::new(Some(Token::File(path.into())), of_profile()),
            _ => Setting::default(),
        };
        let is_remote = |url: &String| url != LOCAL;
        Ok(Self { server: Setting { value: server.value.filter(is_remote), ..server }, token })
    }

    /// The server; `None` is this machine.
    ///
    /// # Errors
    ///
    /// Where the token can't be read, or a file with one was given by flag and there is no server
    /// that it could open.
    pub(crate) fn remote(self) -> Result<Option<Remote>, Failure> {
        let Some(url) = self.server.value else {
            return match self.token.source {
                Source::Flag(flag) => Err(Failure::usage(format!("{flag} is for a server"))
                    .hint("name the server: --server URL, PYEXEC_SERVER or a profile")),
                _ => Ok(None),
            };
        };
        let token = match self.token.value {
            Some(Token::File(path)) => Some(token_file::read(&path)?),
            Some(Token::Given(token)) => Some(token),
            None => None,
        };
        Ok(Some(Remote { url, token }))
    }
}

/// Without the token.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Profile;

    /// Of a flag, a variable and a profile that has a token too: the server, and the token's place.
    fn decided(flag: bool, variable: bool, profile: bool) -> (Option<String>, String) {
        let said = Profile {
            server: Some("http://profile".into()),
            token_file: Some("profile".into()),
            ..Profile::default()
        };
        let chosen = Chosen {
            name: Setting::new("work".into(), Source::BuiltIn),
            profile: if profile { said } else { Profile::default() },
        };
        let flag = flag.then_some("http://flag");
        let connection = Connection::decide(flag, None, &chosen, &|name| {
            (variable && name == "PYEXEC_SERVER").then(|| "http://variable".into())
        });
        let Connection { server, token } = connection.unwrap();
        (server.value, format!("{} {:?}", token.source, token.value))
    }

    #[test]
    fn a_flag_then_a_variable_then_the_profile() {
        let server = |flag, variable, profile| decided(flag, variable, profile).0;
        assert_eq!(server(true, true, true).unwrap(), "http://flag");
        assert_eq!(server(false, true, true).unwrap(), "http://variable");
        assert_eq!(server(false, false, true).unwrap(), "http://profile");
        assert_eq!(server(false, false, false), None);
    }

    #[test]
    fn a_profiles_token_is_for_its_own_server() {
        assert_eq!(decided(false, false, true).1, "profile work Some(File(\"profile\"))");
        assert_eq!(decided(false, true, true).1, "built in None");
        assert_eq!(decided(true, false, true).1, "built in None");
    }

    #[test]
    fn local_is_no_server_whatever_the_others_say() {
        let variable = |name: &str| match name {
            "PYEXEC_SERVER" => Some("http://variable".into()),
            "PYEXEC_TOKEN" => Some("s3cret".into()),
            _ => None,
        };
        let decided = |server, file: Option<&str>| {
            let file = file.map(Path::new);
            Connection::decide(server, file, &Chosen::default(), &variable).unwrap()
        };
        assert!(decided(Some("local"), None).remote().unwrap().is_none());
        let error = format!("{:?}", decided(Some("local"), Some("f")).remote().unwrap_err());
        assert!(error.contains("--token-file is for a server"), "{error}");
        let Remote { url, token } = decided(None, None).remote().unwrap().unwrap();
        assert_eq!((url.as_str(), token.as_deref()), ("http://variable", Some("s3cret")));
        assert!(!format!("{:?}", decided(None, None)).contains("s3cret"));
    }
}
