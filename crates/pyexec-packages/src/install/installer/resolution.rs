//! The exact packages that requirements lead to.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// A package of an exact version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    name: String,
    version: String,
    /// Of its files, as `sha256:…`. The one that is installed has one of these.
    hashes: Vec<String>,
}

impl Package {
    /// Its name, normalised ([PEP 503](https://peps.python.org/pep-0503/)).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What an installer says of a package, which a hostile one may have had a say in.
    pub(super) fn checked(
        name: &str,
        version: &str,
        hashes: impl IntoIterator<Item = String>,
    ) -> Option<Self> {
        let mut hashes: Vec<_> = hashes.into_iter().collect();
        hashes.sort();
        hashes.dedup();
        let plain = |text: &str, more: &str| {
            text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        let digest = |text: &String| {
            let hex = text.strip_prefix("sha256:").unwrap_or_default();
            hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit())
        };
        let whole = plain(name, "-_.") && plain(version, "-_.+!") && !hashes.is_empty();
        let fine = whole && hashes.iter().all(digest);
        fine.then(|| Self { name: crate::normalize(name), version: version.to_owned(), hashes })
    }
}

/// The exact packages that requirements lead to, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resolution(Vec<Package>);

impl Resolution {
    pub(crate) fn new(mut packages: Vec<Package>) -> Self {
        packages.sort();
        Self(packages)
    }

    pub(crate) fn packages(&self) -> &[Package] {
        &self.0
    }

    /// As a file of requirements: exact versions with their digests, and nothing else.
    pub(crate) fn to_requirements(&self) -> String {
        let mut text = String::new();
        for Package { name, version, hashes } in &self.0 {
            let _ = write!(text, "{name}=={version}");
            for hash in hashes {
                let _ = write!(text, " --hash={hash}");
            }
            text.push('\n');
        }
        text
    }

    /// Reads such a file, as uv writes it.
    ///
    /// # Errors
    ///
    /// The first line that isn't an exact version with its digests.
    pub(super) fn from_requirements(text: &str) -> Result<Self, String> {
        let joined = text.replace("\\\n", " ");
        let lines = joined.lines().map(str::trim);
        // Options, such as an index that an operator wants to see, are nothing that is passed on.
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '-']));
        let packages = lines.map(|line| {
            let mut words = line.split_whitespace();
            let package = words.next().and_then(|pinned| pinned.split_once("=="));
            let hashes: Option<Vec<_>> =
                words.map(|word| Some(word.strip_prefix("--hash=")?.to_owned())).collect();
            let package = package
                .zip(hashes)
                .and_then(|((name, version), hashes)| Package::checked(name, version, hashes));
            package.ok_or_else(|| line.to_owned())
        });
        Ok(Self::new(packages.collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    #[test]
    fn files_are_written_as_they_are_read() {
        let text = format!(
            "--index-url https://u:p@host\n# a comment\nzope.interface==7.2 \\\n    --hash={} \\\n    --hash={}\nSix==1.17.0 --hash={}\n",
            hash('b'),
            hash('a'),
            hash('c')
        );
        let read = Resolution::from_requirements(&text).unwrap();
        let names: Vec<_> = read.packages().iter().map(|p| (p.name(), p.version())).collect();
        assert_eq!(names, [("six", "1.17.0"), ("zope-interface", "7.2")]);
        let written = read.to_requirements();
        assert!(!written.contains("host"));
        assert_eq!(Resolution::from_requirements(&written).unwrap(), read);
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        let good = hash('a');
        for line in [
            format!("six --hash={good}"),
            format!("six @ https://host/six.whl --hash={good}"),
            format!("six>=1 --hash={good}"),
            format!("six==1 --index-url=x --hash={good}"),
            format!("six==1/../x --hash={good}"),
            format!("s$ix==1 --hash={good}"),
            "six==1".to_owned(),
            "six==1 --hash=md5:00".to_owned(),
            "six==1 --hash=sha256:zz".to_owned(),
        ] {
            assert_eq!(Resolution::from_requirements(&line), Err(line));
        }
    }
}
