//! Which packages a program needs, from wherever that is said.

use crate::failure::Failure;
use pyexec_packages::{PythonVersion, Requirement, ScriptMetadata};
use std::{fs, io, path::Path};

/// What a project says of itself.
const OF_PROJECT: &str = "requirements.txt";

/// All that is said of packages.
#[derive(Debug, Default)]
pub(crate) struct Requirements {
    /// As a requirements.txt; the server reads it.
    pub(crate) text: String,
    /// The Python that the script wants.
    metadata: Option<ScriptMetadata>,
    /// Where the lines are from that no flag names.
    pub(crate) found_in: Vec<String>,
}

impl Requirements {
    /// What flags say: a file, and single packages.
    ///
    /// # Errors
    ///
    /// Where the file can't be read, or one is no requirement.
    pub(crate) fn of_flags(file: Option<&Path>, with: &[String]) -> Result<Self, Failure> {
        let mut requirements = Self::default();
        if let Some(file) = file {
            let text = fs::read_to_string(file).map_err(|error| {
                Failure::ours(format!("can't read {}", file.display())).because(&error)
            })?;
            requirements.add(&text);
        }
        for package in with {
            let requirement: Requirement = package
                .parse()
                .map_err(|error| Failure::usage(format!("--with {package}: {error}")))?;
            requirements.add(requirement.as_str());
        }
        Ok(requirements)
    }

    /// What the project says: a requirements.txt in its directory, unless a flag names another, and
    /// the metadata in its script.
    ///
    /// # Errors
    ///
    /// Where that can't be read.
    pub(crate) fn of_project(
        mut self,
        directory: Option<&Path>,
        script: Option<&str>,
    ) -> Result<Self, Failure> {
        if let Some(file) = directory.map(|directory| directory.join(OF_PROJECT)) {
            match fs::read_to_string(&file) {
                Ok(text) => {
                    self.add(&text);
                    self.found_in.push(file.display().to_string());
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let failure = Failure::ours(format!("can't read {}", file.display()));
                    return Err(failure.because(&error));
                }
            }
        }
        let metadata = ScriptMetadata::parse(script.unwrap_or_default()).map_err(|error| {
            Failure::usage(error.to_string()).hint("--no-requirements runs it all the same")
        })?;
        if let Some(metadata) = metadata {
            if !metadata.requirements().is_empty() {
                self.add(&metadata.requirements().lines().join("\n"));
                self.found_in.push("the script".to_owned());
            }
            self.metadata = Some(metadata);
        }
        Ok(self)
    }

    /// Of the versions that there are, the one that the script should run with where the `usual`
    /// one doesn't do; `None` where nothing is said.
    ///
    /// # Errors
    ///
    /// Where none of them does.
    pub(crate) fn python(&self, available: &[String]) -> Result<Option<String>, Failure> {
        let Some(metadata) = &self.metadata else { return Ok(None) };
        let Some(wanted) = metadata.requires_python() else { return Ok(None) };
        let mut versions: Vec<PythonVersion> =
            available.iter().filter_map(|version| version.parse().ok()).collect();
        if versions.is_empty() {
            return Ok(None);
        }
        versions.sort();
        let usual = PythonVersion::new(3, 12);
        let fits = |version: &&PythonVersion| metadata.runs_on(**version);
        let usual = versions.iter().find(|version| **version == usual).filter(fits);
        match usual.or_else(|| versions.iter().rev().find(fits)) {
            Some(version) => Ok(Some(version.to_string())),
            None => Err(Failure::usage(format!("the script requires Python {wanted}"))
                .hint(format!("there are {}", available.join(", ")))),
        }
    }

    /// Whether the server has to be asked which versions of Python there are.
    pub(crate) fn wants_python(&self) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| metadata.requires_python().is_some())
    }

    fn add(&mut self, lines: &str) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text += lines;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "# /// script\n# requires-python = \">=3.11,!=3.12.*\"\n\
                          # dependencies = [\"rich\"]\n# ///\n";

    #[test]
    fn all_that_is_said_comes_together() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("requirements.txt"), "numpy # for all\n").unwrap();
        let with = ["six>=1,<2".to_owned(), "Colorama".to_owned()];
        let flags = Requirements::of_flags(None, &with).unwrap();
        let all = flags.of_project(Some(folder.path()), Some(SCRIPT)).unwrap();
        assert_eq!(all.text.lines().count(), 4, "{}", all.text);
        assert!(all.text.contains("colorama") && all.text.contains("numpy # for all\nrich"));
        assert_eq!(all.found_in.len(), 2);
    }

    #[test]
    fn a_package_that_is_none() {
        let with = |package: &str| {
            format!("{:?}", Requirements::of_flags(None, &[package.into()]).unwrap_err())
        };
        assert!(with("-r other.txt").contains("--with -r other.txt"));
        assert!(with("six; evil\nx").contains("--with"));
    }

    #[test]
    fn the_python_that_a_script_requires() {
        let required = Requirements::default().of_project(None, Some(SCRIPT)).unwrap();
        assert!(required.wants_python());
        let of = |versions: &[&str]| {
            required.python(&versions.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(of(&["3.10", "3.11", "3.12", "3.13"]).unwrap().as_deref(), Some("3.13"));
        assert_eq!(of(&["3.11", "3.12"]).unwrap().as_deref(), Some("3.11"));
        assert_eq!(of(&[]).unwrap(), None, "a server that doesn't say");
        assert!(of(&["3.10", "3.12"]).is_err());
    }
}
