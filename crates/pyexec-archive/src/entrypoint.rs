//! Which file of an archive is the one to run.

/// Picks the file to run among the names of regular files, given in archive order.
///
/// The first whose base name is `main.py` wins over all others, wherever it lies; then the first
/// `__main__.py`; then the first whose name ends in `.py`. Where several would do,
/// [`entrypoint_candidates`] lists them.
///
/// ```
/// use pyexec_archive::detect_entrypoint;
///
/// assert_eq!(detect_entrypoint(["setup.py", "app/main.py"]), Some("app/main.py"));
/// assert_eq!(detect_entrypoint(["setup.py", "app/__main__.py"]), Some("app/__main__.py"));
/// assert_eq!(detect_entrypoint(["b.py", "a.py"]), Some("b.py"));
/// assert_eq!(detect_entrypoint(["README", "SHOUT.PY"]), None);
/// ```
pub fn detect_entrypoint<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(Rank, &str)> = None;
    for name in names {
        let Some(rank) = rank(name) else { continue };
        if best.is_none_or(|(best, _)| rank < best) {
            best = Some((rank, name));
        }
        if rank == Rank::Main {
            break;
        }
    }
    best.map(|(_, name)| name)
}

/// All files that [`detect_entrypoint`] could as well have picked, in archive order: every
/// `main.py`, else every `__main__.py`, else every `.py`.
///
/// The first is the one that it picks. More than one means that the choice rests on the order
/// alone.
///
/// ```
/// use pyexec_archive::entrypoint_candidates;
///
/// assert_eq!(entrypoint_candidates(["x.py", "b/main.py", "main.py"]), ["b/main.py", "main.py"]);
/// assert_eq!(entrypoint_candidates(["x.py", "pkg/__main__.py"]), ["pkg/__main__.py"]);
/// assert_eq!(entrypoint_candidates(["README"]), [""; 0]);
/// ```
pub fn entrypoint_candidates<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut best = None;
    let mut candidates = Vec::new();
    for name in names {
        let Some(rank) = rank(name) else { continue };
        if best.is_none_or(|best| rank < best) {
            best = Some(rank);
            candidates.clear();
        }
        if best == Some(rank) {
            candidates.push(name);
        }
    }
    candidates
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Main,
    Package,
    Script,
}

fn rank(name: &str) -> Option<Rank> {
    // Most names are told by their end alone.
    let stem = name.strip_suffix(".py")?;
    let is_base_name = |parent: &str| parent.is_empty() || parent.ends_with('/');
    Some(if stem.strip_suffix("__main__").is_some_and(is_base_name) {
        Rank::Package
    } else if stem.strip_suffix("main").is_some_and(is_base_name) {
        Rank::Main
    } else {
        Rank::Script
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_wins_wherever_it_comes() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["app/main.py", "main.py"], Some("app/main.py")),
            (&["__main__.py", "z/main.py"], Some("z/main.py")),
            (&["./main.py"], Some("./main.py")),
            (&["x.py", "pkg/__main__.py", "__main__.py"], Some("pkg/__main__.py")),
            (&["notmain.py", "main.pyc"], Some("notmain.py")),
            (&["MAIN.PY", "a.Py"], None),
            (&["main.py/data.txt", "z.py"], Some("z.py")),
            (&[], None),
        ];
        for (names, want) in cases {
            assert_eq!(detect_entrypoint(names.iter().copied()), *want, "{names:?}");
            let candidates = entrypoint_candidates(names.iter().copied());
            assert_eq!(candidates.first().copied(), *want, "{names:?}");
        }
    }

    #[test]
    fn candidates_are_of_one_rank() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["z.py", "__main__.py", "a.py"], &["__main__.py"]),
            (&["z.py", "a/b.py", "c.txt"], &["z.py", "a/b.py"]),
            (&["p/__main__.py", "x.py", "q/__main__.py"], &["p/__main__.py", "q/__main__.py"]),
            (&["__main__.py", "./main.py", "b.py", "a/main.py"], &["./main.py", "a/main.py"]),
        ];
        for (names, want) in cases {
            assert_eq!(entrypoint_candidates(names.iter().copied()), *want, "{names:?}");
        }
    }
}
