//! uv's words, of 0.7 to 0.13.

use super::{last_words, of_the_disk, own_line, short};
use crate::install::InstallFailure as F;

/// What stands before a package that no index has.
const NOT_FOUND: [&str; 3] = [
    " was not found in the package registry",
    " was not found in the provided package locations",
    " was not found in the cache",
];
const REFUSED: &str = "lack of valid authentication credentials";
const UNREACHABLE: [&str; 7] = [
    "error sending request",
    "Failed to fetch",
    "Could not connect",
    "dns error",
    "Network unreachable",
    "Request failed after",
    "HTTP status",
];
const NO_WHEEL: [&str; 4] = [
    " has no usable wheels",
    " has no wheels with a matching",
    " has no wheels are available",
    " has no source distribution",
];
const DAMAGED: [&str; 8] = [
    "Failed to extract",
    "Failed to download",
    "Failed to unzip",
    "Failed to read metadata",
    "Failed to install",
    "Hash mismatch",
    "is invalid",
    "Invalid",
];

pub(in super::super) fn explain(said: &str, requirements: &[String]) -> F {
    let text = plain(said);
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if let Some(failure) = of_the_disk(&text) {
        return failure;
    }
    if text.contains("URL dependencies must be expressed") {
        let package = quoted(&text).unwrap_or("a package").to_owned();
        let reason = "a dependency names an address, and only those of an index are installed";
        return F::Refused { package, reason: reason.to_owned() };
    }
    // Otherwise it says of an index that refuses that it has nothing.
    if let Some((before, after)) = text.split_once(REFUSED) {
        let start = before.rfind("An index URL").unwrap_or(0);
        let end = after.find(". ").unwrap_or(after.len());
        let reason = short(&format!("{}{REFUSED}{}", &before[start..], &after[..end]));
        return F::IndexUnreachable { reason };
    }
    if has(&UNREACHABLE) {
        return F::IndexUnreachable { reason: causes(&text) };
    }
    if let Some(word) = NOT_FOUND.iter().find_map(|what| word_before(&text, what)) {
        return F::NoSuchPackage {
            requirement: own_line(word, requirements),
            reason: solution(&text),
        };
    }
    if let Some(word) = NO_WHEEL.iter().find_map(|what| word_before(&text, what)) {
        return F::NoWheel { requirement: own_line(word, requirements), reason: solution(&text) };
    }
    for missing in ["there is no version of ", "there are no versions of ", "only "] {
        if let Some(word) = word_after(&text, missing)
            && (missing != "only " || text.contains(" is available and you require "))
        {
            let requirement = own_line(word, requirements);
            return F::NoMatchingVersion { requirement, reason: solution(&text) };
        }
    }
    // Of the Python that it needs.
    for what in [" requires Python ", " depends on Python"] {
        if let Some(word) = word_before(&text, what) {
            let requirement = own_line(word, requirements);
            return F::NoMatchingVersion { requirement, reason: solution(&text) };
        }
    }
    if text.contains("does not satisfy Python") {
        let word = word_before(&text, " depends on Python").or_else(|| word_after(&text, "and "));
        let requirement = own_line(word.unwrap_or("a package"), requirements);
        return F::NoMatchingVersion { requirement, reason: solution(&text) };
    }
    if text.contains("No solution found") {
        return F::Conflict { reason: solution(&text) };
    }
    if has(&DAMAGED) {
        let package = quoted(&text).unwrap_or("a package").to_owned();
        return F::Refused { package, reason: causes(&text) };
    }
    F::Failed { reason: last_words(said) }
}

/// From the error on, on one line, without the lines and arrows of older versions' trees.
fn plain(said: &str) -> String {
    let start = ["error:", "×"].iter().filter_map(|mark| said.find(mark)).min().unwrap_or(0);
    let without = said[start..].replace(['×', '╰', '├', '─', '▶', '│'], " ");
    without.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why there is no solution, without what follows from it.
fn solution(text: &str) -> String {
    let start = text.find("Because ").unwrap_or(0);
    let end =
        [", we can conclude that your requirements", " hint: ", ", we can conclude that the req"]
            .iter()
            .filter_map(|mark| text[start..].find(mark))
            .min();
    short(&text[start..end.map_or(text.len(), |end| start + end)])
}

/// An error and its causes.
fn causes(text: &str) -> String {
    let text = text.trim_start_matches("error:").trim();
    let text = text.replace(" cause: ", ": ").replace(" Caused by: ", ": ");
    short(text.split(" hint: ").next().unwrap_or(&text))
}

fn word_before<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    let word = text[..text.find(what)?].split_whitespace().next_back()?;
    Some(word.trim_matches(['`', ',']))
}

fn word_after<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    let word = text[text.find(what)? + what.len()..].split_whitespace().next()?;
    Some(word.trim_matches(['`', ',']))
}

/// The first text in backquotes that is no address.
fn quoted(text: &str) -> Option<&str> {
    text.split('`').skip(1).step_by(2).find(|quoted| !quoted.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(said: &str) -> F {
        explain(said, &["six==99".to_owned(), "app".to_owned()])
    }

    #[test]
    fn an_older_versions_tree_is_read() {
        let said = "  × No solution found when resolving dependencies:\n  ╰─▶ Because there is no version of six==99 and you require six==99, we\n      can conclude that your requirements are unsatisfiable.\n";
        let F::NoMatchingVersion { requirement, reason } = explained(said) else { panic!() };
        assert_eq!(requirement, "six==99");
        assert_eq!(reason, "Because there is no version of six==99 and you require six==99");
    }

    #[test]
    fn a_refusing_index_is_not_a_missing_package() {
        let said = "error: No solution found when resolving dependencies\n  cause: Because six was not found in the package registry and you require six, we can conclude that your requirements are unsatisfiable.\n\nhint: An index URL (https://host/simple) could not be queried due to a lack of valid authentication credentials (401 Unauthorized).";
        let F::IndexUnreachable { reason } = explained(said) else { panic!() };
        assert!(reason.starts_with("An index URL (https://host/simple)"), "{reason}");
        assert!(reason.contains("(401 Unauthorized)"), "{reason}");
    }

    #[test]
    fn a_missing_dependency_is_named_itself() {
        let said = "error: No solution found when resolving dependencies\n  cause: Because nosuch was not found in the package registry and all versions of app depend on nosuch, we can conclude that all versions of app cannot be used.";
        let F::NoSuchPackage { requirement, reason } = explained(said) else { panic!() };
        assert_eq!(requirement, "nosuch");
        assert!(reason.contains("app depend on nosuch"), "{reason}");
    }

    #[test]
    fn connections_and_their_causes() {
        let said = "error: Failed to fetch: `http://host/simple/six/`\n  cause: error sending request\n  cause: Connection refused (os error 111)\n\nhint: try again";
        let F::IndexUnreachable { reason } = explained(said) else { panic!() };
        assert_eq!(
            reason,
            "Failed to fetch: `http://host/simple/six/`: error sending request: Connection refused (os error 111)"
        );
    }
}
