//! Which distribution an import comes from.

use crate::{
    name::{is_name, normalize},
    standard_library::words,
};
use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// Longer names are never guessed.
const MAX_GUESSED_BYTES: usize = 64;

/// Distributions by import name; dotted below namespaces that many distributions share.
///
/// From each distribution's own documentation. What it says differs in places from the lists of
/// other tools (pipreqs, pigar), which are made by machine and name squatters and forks.
static RENAMED: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("distributions/renamed.txt").lines();
    lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).collect()
});

/// Distributions that have the name of their import, and are widely used.
static SAME_NAME: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(include_str!("distributions/same_name.txt")));

/// Names that are never guessed.
static COMMON_WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| words(include_str!("distributions/common_words.txt")));

/// Packages that no distribution has alone, such as `google`.
static NAMESPACES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let parents = RENAMED.keys().filter_map(|import| import.split_once('.'));
    parents.map(|(top, _)| top).filter(|top| !RENAMED.contains_key(top)).collect()
});

/// What an import stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Meaning<'a> {
    /// The distribution `name` of the table, for the part of the import that is its own.
    Known { import: &'a str, name: &'static str },
    /// Nothing is known: perhaps a distribution of this normalised name.
    Guess { import: &'a str, name: String },
    /// A part of a namespace, of which the distribution isn't known.
    Namespace,
    /// The name of modules that people write themselves.
    CommonWord,
    /// No name that a distribution could have.
    NoName,
}

/// Says what a dotted import name stands for.
pub(crate) fn meaning(import: &str) -> Meaning<'_> {
    let mut own = import;
    loop {
        if let Some(name) = RENAMED.get(own) {
            return Meaning::Known { import: own, name };
        }
        match own.rsplit_once('.') {
            Some((parent, _)) => own = parent,
            None => break,
        }
    }
    if NAMESPACES.contains(own) {
        return Meaning::Namespace;
    }
    if let Some(name) = SAME_NAME.get(own) {
        return Meaning::Known { import: own, name };
    }
    if COMMON_WORDS.contains(own.to_ascii_lowercase().as_str()) {
        Meaning::CommonWord
    } else if is_name(own) && own.len() <= MAX_GUESSED_BYTES {
        Meaning::Guess { import: own, name: normalize(own) }
    } else {
        Meaning::NoName
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard_library::is_of_any_version;

    fn known(import: &str) -> &'static str {
        match meaning(import) {
            Meaning::Known { name, .. } => name,
            other => panic!("{import}: {other:?}"),
        }
    }

    #[test]
    fn the_table_is_well_formed() {
        let mut imports = HashSet::new();
        let text = include_str!("distributions/renamed.txt");
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<_> = line.split(' ').collect();
            let [import, name] = words[..] else { panic!("{line}") };
            assert!(imports.insert(import), "{import} is there twice");
            assert!(is_name(name), "{line}");
            let identifier = |part: &str| !part.is_empty() && !part.contains('-');
            assert!(import.split('.').all(identifier), "{line}");
            assert!(
                import.contains('.') || normalize(import) != normalize(name),
                "{line} belongs to same_name.txt"
            );
        }
        assert_eq!(imports.len(), RENAMED.len());
    }

    #[test]
    fn the_lists_do_not_overlap() {
        for name in SAME_NAME.iter() {
            assert!(is_name(name) && name.len() <= MAX_GUESSED_BYTES, "{name}");
            assert!(!RENAMED.contains_key(name), "{name}");
            assert!(!COMMON_WORDS.contains(name), "{name}");
            assert!(!is_of_any_version(name), "{name}");
        }
        for word in COMMON_WORDS.iter() {
            assert!(!RENAMED.contains_key(word), "{word}");
        }
        let text = include_str!("distributions/same_name.txt");
        let listed = text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(listed.flat_map(str::split_whitespace).count(), SAME_NAME.len());
    }

    #[test]
    fn well_known_names() {
        for (import, name) in [
            ("cv2", "opencv-python-headless"),
            ("PIL.Image", "Pillow"),
            ("yaml", "PyYAML"),
            ("sklearn.linear_model", "scikit-learn"),
            ("bs4", "beautifulsoup4"),
            ("dateutil.parser", "python-dateutil"),
            ("Crypto.Cipher", "pycryptodome"),
            ("dotenv", "python-dotenv"),
            ("jwt", "PyJWT"),
            ("serial", "pyserial"),
            ("git", "GitPython"),
            ("magic", "python-magic"),
            ("docx", "python-docx"),
            ("pptx", "python-pptx"),
            ("fitz", "PyMuPDF"),
            ("attr", "attrs"),
            ("OpenSSL", "pyOpenSSL"),
            ("numpy", "numpy"),
            ("flask", "flask"),
            ("opentelemetry.trace", "opentelemetry-api"),
            ("opentelemetry.sdk.trace", "opentelemetry-sdk"),
        ] {
            assert_eq!(known(import), name, "{import}");
        }
    }

    #[test]
    fn the_longest_part_wins_below_a_namespace() {
        assert_eq!(known("google.cloud.storage.blob.Blob"), "google-cloud-storage");
        assert_eq!(known("google.protobuf"), "protobuf");
        assert_eq!(known("mpl_toolkits.mplot3d"), "matplotlib");
        assert_eq!(known("mpl_toolkits.basemap.Basemap"), "basemap");
        assert_eq!(known("ruamel.yaml"), "ruamel.yaml");
        let Meaning::Known { import, .. } = meaning("google.cloud.storage.blob") else { panic!() };
        assert_eq!(import, "google.cloud.storage");
    }

    #[test]
    fn nothing_is_guessed_of_a_namespace() {
        for import in ["google", "google.cloud", "google.cloud.storages", "azure.x", "ruamel"] {
            assert_eq!(meaning(import), Meaning::Namespace, "{import}");
        }
    }

    #[test]
    fn what_is_unknown_is_a_guess_or_nothing() {
        let guess = Meaning::Guess { import: "Foo_Bar", name: "foo-bar".to_owned() };
        assert_eq!(meaning("Foo_Bar.baz"), guess);
        for import in ["utils", "Config.x", "helpers"] {
            assert_eq!(meaning(import), Meaning::CommonWord, "{import}");
        }
        let long = "a".repeat(MAX_GUESSED_BYTES + 1);
        for import in ["_private", "x_", "", "é", ".a", long.as_str()] {
            assert_eq!(meaning(import), Meaning::NoName, "{import}");
        }
    }
}
