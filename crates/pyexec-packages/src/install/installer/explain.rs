//! What an installer's words mean. They are meant for people and change between versions, so that
//! whatever isn't recognised stays what it is: a failure, in the installer's last words.

mod pip;
mod uv;

pub(super) use pip::explain as pip;
pub(super) use uv::explain as uv;

use crate::install::InstallFailure;

/// How much of a reason is kept; the log has it all.
const LONGEST: usize = 1000;

/// What is the matter with the disk or its limits, whoever says it.
fn of_the_disk(said: &str) -> Option<InstallFailure> {
    if said.contains("File too large") || said.contains("os error 27") {
        // The caller knows the limits.
        return Some(InstallFailure::TooLarge { bytes: 0, files: 0 });
    }
    said.contains("No space left on device").then(|| InstallFailure::Storage {
        what: "packages can't be stored".to_owned(),
        source: std::io::ErrorKind::StorageFull.into(),
    })
}

/// The caller's own line for this package where there is one, else what the installer said.
fn own_line(said: &str, requirements: &[String]) -> String {
    let wanted = name_of(said);
    let mut own = requirements.iter().filter(|line| name_of(line) == wanted);
    match (own.next(), own.next()) {
        (Some(line), None) => line.clone(),
        // Of several lines for one package, the installer says which.
        _ => said.to_owned(),
    }
}

/// The package's name at the beginning of a requirement.
fn name_of(requirement: &str) -> String {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    crate::normalize(&requirement[..end.unwrap_or(requirement.len())])
}

/// A reason of reasonable length, on one line.
fn short(reason: &str) -> String {
    let words: Vec<_> = reason.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// The last line that says anything, without `ERROR:`.
fn last_words(said: &str) -> String {
    let meaningful = |line: &&str| line.chars().any(char::is_alphanumeric);
    let lines = || said.lines().map(str::trim).filter(meaningful);
    let error = lines().rfind(|line| {
        // Before a traceback, whose last line says what it is.
        let said = line.starts_with("ERROR:") || line.starts_with("error:");
        said && !line.ends_with("Exception:")
    });
    let line = error.or_else(|| lines().next_back()).unwrap_or("it said nothing");
    short(line.trim_start_matches("ERROR:").trim_start_matches("error:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_line_is_named() {
        let lines = ["Zope.Interface[x]>=1".to_owned(), "a<1".to_owned(), "a>2".to_owned()];
        assert_eq!(own_line("zope-interface", &lines), lines[0]);
        assert_eq!(own_line("a<1", &lines), "a<1");
        assert_eq!(own_line("other==3", &lines), "other==3");
    }

    #[test]
    fn what_is_not_recognised_stays_a_failure_in_the_installers_words() {
        for explained in [
            uv("thread 'main' panicked\nnote: run with RUST_BACKTRACE\n---", &[]),
            pip("ERROR: Exception:\nTraceback\n  x\nnote: run with RUST_BACKTRACE\n", "", &[]),
        ] {
            let InstallFailure::Failed { reason } = explained else { panic!("{explained:?}") };
            assert_eq!(reason, "note: run with RUST_BACKTRACE");
        }
        assert!(matches!(uv("", &[]), InstallFailure::Failed { .. }));
    }

    #[test]
    fn reasons_are_bounded() {
        assert_eq!(short(&"ä ".repeat(5000)).chars().count(), LONGEST + 1);
    }
}
