//! pip's words, of 23.0 on.

use super::{last_words, name_of, of_the_disk, own_line, short};
use crate::install::InstallFailure as F;

const MISMATCH: &str = "DO NOT MATCH THE HASHES";
const DAMAGED: [&str; 8] = [
    " is invalid.",
    "has an invalid wheel",
    "outside the target directory",
    "Unexpected file in ",
    "BadZipFile",
    "is not a supported wheel",
    "inconsistent",
    "UnsupportedWheel",
];
const LACKING: &str = "Could not find a version that satisfies the requirement ";

/// `details` is the file that pip writes beside what it prints.
pub(in super::super) fn explain(said: &str, details: &str, requirements: &[String]) -> F {
    if let Some(failure) = of_the_disk(said) {
        return failure;
    }
    if said.contains("wheels only: ") {
        let line = said.lines().rfind(|line| line.trim_start().starts_with("Processing "));
        let package = line.and_then(|line| line.split_whitespace().nth(1));
        return F::Refused {
            package: package.and_then(|path| path.rsplit('/').next()).unwrap_or("a package").into(),
            reason: "a dependency names an address, and pip would have to run its code".into(),
        };
    }
    // pip takes an index that doesn't answer for one that has nothing.
    if let Some(reason) = unreachable(said, details) {
        return F::IndexUnreachable { reason };
    }
    if let Some(found) = said.find(LACKING) {
        return lacking(&said[found + LACKING.len()..], details, requirements);
    }
    if let Some(line) = said.lines().find(|line| line.contains(" requires a different Python: ")) {
        let requirement = own_line(line.split('\'').nth(1).unwrap_or("a package"), requirements);
        return F::NoMatchingVersion { requirement, reason: last_words(line) };
    }
    if said.contains("ResolutionImpossible") || said.contains("conflicting dependencies") {
        return F::Conflict { reason: conflict(said) };
    }
    if let Some((_, after)) = said.split_once(MISMATCH) {
        let mut lines = after.lines().skip(1);
        let package = lines.find_map(|line| line.split_whitespace().next()).unwrap_or("a package");
        let reason = "it isn't what the index said that it is: its digest is another";
        return F::Refused { package: package.to_owned(), reason: reason.to_owned() };
    }
    if let Some(line) = said.lines().find(|line| DAMAGED.iter().any(|part| line.contains(part))) {
        let package = line.split('\'').nth(1).or_else(|| word_after(line, "For req: "));
        let package = package.unwrap_or("a package").trim_end_matches('.').to_owned();
        return F::Refused { package, reason: last_words(line) };
    }
    F::Failed { reason: last_words(said) }
}

/// Why an index gave nothing, unless it says that it has nothing.
fn unreachable(said: &str, details: &str) -> Option<String> {
    let skipped = details
        .lines()
        .find(|line| line.contains("Could not fetch URL") && !line.contains("404 Client Error"));
    let failed = || {
        let broken = ["Max retries exceeded", "Read timed out", "Server Error", "Client Error: "];
        said.lines()
            .rfind(|line| line.contains("ERROR:") && broken.iter().any(|part| line.contains(part)))
    };
    let line = skipped.or_else(failed)?;
    // Without the time stamp, and without pip's resignation.
    let start = line.find("Could not fetch URL").or_else(|| line.find("ERROR:")).unwrap_or(0);
    Some(last_words(line[start..].trim_end_matches(" - skipping")))
}

/// `rest` is, for example, `six==99 (from app) (from versions: 1.0, 2.0)`.
fn lacking(rest: &str, details: &str, requirements: &[String]) -> F {
    let line = rest.lines().next().unwrap_or(rest);
    let (wanted, after) = line.split_once(" (from ").unwrap_or((line, ""));
    let requirement = own_line(wanted.trim(), requirements);
    let reason = short(&format!("{wanted} (from {after}"));
    if !line.contains("(from versions: none)") {
        return F::NoMatchingVersion { requirement, reason };
    }
    // Nothing that could be used; which may be something that can't.
    let name = name_of(wanted);
    for skipped in details.lines().filter_map(|line| line.split_once("Skipping link: ")) {
        let Some((why, link)) = skipped.1.rsplit_once(": ") else { continue };
        let address = link.split(['#', ' ']).next().unwrap_or(link);
        let file = address.rsplit('/').next().unwrap_or(address);
        if !belongs_to(file, &name) {
            continue;
        }
        let why = short(why.split(" (run pip debug").next().unwrap_or(why));
        let reason = format!("{file}: {why}");
        if why.contains("No sources permitted") || why.contains("wheel's tags") {
            return F::NoWheel { requirement, reason };
        }
        if why.contains("requires a different Python") || why.contains("Requires-Python") {
            return F::NoMatchingVersion { requirement, reason };
        }
    }
    if let Some(line) = details.lines().find(|line| line.contains("require a different python")) {
        return F::NoMatchingVersion { requirement, reason: last_words(line) };
    }
    let needed = line.split_once(" (from ").and_then(|(_, after)| after.split_once(')'));
    let reason = match needed {
        Some((by, _)) if !by.starts_with("versions") && !by.starts_with("-r ") => {
            format!("no index has it, and {by} needs it")
        }
        _ => "no index has it".to_owned(),
    };
    F::NoSuchPackage { requirement, reason }
}

/// Whether a file's name is that of a distribution of this package.
fn belongs_to(file: &str, name: &str) -> bool {
    let parts = file.match_indices('-');
    parts.map(|(at, _)| &file[..at]).any(|before| name_of(before) == name)
}

/// What excludes each other.
fn conflict(said: &str) -> String {
    let after = said.split_once("The conflict is caused by:").map_or("", |(_, after)| after);
    let lines = after.trim_start_matches('\n').lines().take_while(|line| !line.trim().is_empty());
    let causes: Vec<_> = lines.map(str::trim).collect();
    if causes.is_empty() { last_words(said) } else { short(&causes.join("; ")) }
}

fn word_after<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    text[text.find(what)? + what.len()..].split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &str = "ERROR: Could not find a version that satisfies the requirement six==99 (from versions: none)\nERROR: No matching distribution found for six==99\n";

    fn with(details: &str) -> F {
        explain(NONE, details, &["six==99".to_owned()])
    }

    #[test]
    fn nothing_found_has_many_reasons() {
        let F::NoSuchPackage { requirement, reason } = with("") else { panic!() };
        assert_eq!(requirement, "six==99");
        assert_eq!(reason, "no index has it");
        let gone = "x Could not fetch URL https://h/six/: 404 Client Error: Not Found - skipping";
        assert!(matches!(with(gone), F::NoSuchPackage { .. }));
        let refused = "x Could not fetch URL https://h/six/: 403 Client Error: No - skipping";
        let F::IndexUnreachable { reason } = with(refused) else { panic!() };
        assert_eq!(reason, "Could not fetch URL https://h/six/: 403 Client Error: No");
        let source = "x Skipping link: No sources permitted for six: https://h/six-1.0.tar.gz#sha256=00 (from https://h/six/)";
        assert!(matches!(with(source), F::NoWheel { .. }));
        let others = "x Skipping link: No sources permitted for six: https://h/sixer-1.0.tar.gz";
        assert!(matches!(with(others), F::NoSuchPackage { .. }));
    }

    #[test]
    fn versions_that_do_not_fit_are_listed() {
        let said = NONE.replace("none", "1.0, 2.0");
        let explained = explain(&said, "", &["six==99".to_owned()]);
        let F::NoMatchingVersion { requirement, reason } = explained else { panic!() };
        assert_eq!(requirement, "six==99");
        assert_eq!(reason, "six==99 (from versions: 1.0, 2.0)");
    }
}
