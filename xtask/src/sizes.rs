//! How many crates each library brings along: what others embed must stay small.

use std::{collections::BTreeSet, error::Error};
use xshell::{Shell, cmd};

/// A library in one choice of features, and how much it may bring along.
struct Library {
    package: &'static str,
    default_features: bool,
    /// The package itself counts. `None` where the features decide, so that the number is only
    /// told.
    most: Option<usize>,
    /// Does no I/O, whatever it brings along.
    sans_io: bool,
}

const LIBRARIES: [Library; 8] = [
    bounded("pyexec-archive", 8),
    Library { sans_io: true, ..bounded("pyexec-core", 24) },
    // Without features is also without TLS.
    bounded("pyexec-blocking", 32),
    bounded("pyexec-async", 85),
    Library { sans_io: true, ..bounded("pyexec-packages", 20) },
    told("pyexec-blocking"),
    told("pyexec-async"),
    told("pyexec-packages"),
];

/// Crates that do I/O, or exist for it.
const IO: [&str; 8] =
    ["tokio", "mio", "hyper", "reqwest", "ureq", "socket2", "rustls", "native-tls"];

const fn bounded(package: &'static str, most: usize) -> Library {
    Library { package, default_features: false, most: Some(most), sans_io: false }
}

const fn told(package: &'static str) -> Library {
    Library { package, default_features: true, most: None, sans_io: false }
}

pub(crate) fn sizes(shell: &Shell) -> Result<(), Box<dyn Error>> {
    let mut objections = Vec::new();
    for library in &LIBRARIES {
        let package = library.package;
        let features = (!library.default_features).then_some("--no-default-features");
        let tree =
            cmd!(shell, "cargo tree -p {package} {features...} -e normal,build --prefix none")
                .quiet()
                .read()?;
        let crates = crates(&tree);
        println!("{}", library.summary(crates.len()));
        objections.extend(library.objections(&crates));
    }
    if objections.is_empty() { Ok(()) } else { Err(objections.join("\n").into()) }
}

impl Library {
    fn name(&self) -> String {
        let features =
            if self.default_features { "with default features" } else { "without features" };
        format!("{} {features}", self.package)
    }

    fn summary(&self, count: usize) -> String {
        let most = self.most.map(|most| format!(", {most} at most")).unwrap_or_default();
        format!("{}: {count} crates{most}", self.name())
    }

    fn objections(&self, crates: &BTreeSet<&str>) -> Vec<String> {
        let mut objections = Vec::new();
        if self.most.is_some_and(|most| crates.len() > most) {
            let names: Vec<_> = crates.iter().copied().collect();
            objections.push(format!("{}:\n  {}", self.summary(names.len()), names.join("\n  ")));
        }
        if self.sans_io {
            let name = |line: &&str| line.split(' ').next().is_some_and(|name| IO.contains(&name));
            let io: Vec<_> = crates.iter().copied().filter(name).collect();
            if !io.is_empty() {
                objections.push(format!("{} may do no I/O: {}", self.name(), io.join(", ")));
            }
        }
        objections
    }
}

/// The crates of `cargo tree`, which marks those that it has shown before.
fn crates(tree: &str) -> BTreeSet<&str> {
    tree.lines().map(|line| line.trim_end_matches(" (*)")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "ours v0.1.0 (/ours)\nserde v1.0.0\nsyn v3.0.0\nserde v1.0.0 (*)";

    #[test]
    fn a_crate_shown_twice_counts_once() {
        assert_eq!(crates(TREE).len(), 3);
    }

    #[test]
    fn as_many_as_agreed_are_fine() {
        assert!(bounded("ours", 3).objections(&crates(TREE)).is_empty());
        assert!(told("ours").objections(&crates(TREE)).is_empty());
    }

    #[test]
    fn one_more_is_too_many_and_all_are_named() {
        let objections = bounded("ours", 2).objections(&crates(TREE)).concat();
        assert!(objections.contains("ours without features: 3 crates, 2 at most"), "{objections}");
        assert!(objections.contains("serde v1.0.0") && objections.contains("syn"), "{objections}");
    }

    #[test]
    fn a_crate_that_does_io_is_named_by_its_whole_name() {
        let library = Library { sans_io: true, ..bounded("ours", 9) };
        let tree = "ours v0.1.0\nhyper-util v1.0.0\nhttp v1.0.0";
        assert!(library.objections(&crates(tree)).is_empty());
        let objections = library.objections(&crates("ours v0.1.0\nhyper v1.0.0"));
        assert_eq!(objections, ["ours without features may do no I/O: hyper v1.0.0"]);
    }
}
