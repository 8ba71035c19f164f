//! What Python sources import.

mod nesting;
mod syntax;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

/// How many bytes a source may have to be read.
pub const MAX_SOURCE_BYTES: usize = 512 * 1024;

/// How many bytes all sources together may have.
pub const MAX_SOURCES_BYTES: usize = 8 * 1024 * 1024;

/// What the parser may use of a thread's stack. It takes a part of it for each level of nesting, of
/// which [`nesting::MAX_NESTING`] are admitted: 16 MiB are enough for any. What isn't used takes no
/// memory.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Imports {
    /// Dotted names, as long as they were written: `a.b` for `import a.b` and for
    /// `from a import b`.
    pub(crate) names: BTreeSet<String>,
    /// Names of the sources that weren't read, since they are too large, nested too deeply, or
    /// more than the parser could take.
    pub(crate) unread: Vec<String>,
}

/// Finds what sources, given as names and texts, import.
pub(crate) fn imports<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Imports {
    let mut found = Imports::default();
    let mut readable = Vec::new();
    let mut bytes = 0;
    for (name, text) in sources {
        bytes += text.len().min(MAX_SOURCE_BYTES);
        if text.len() > MAX_SOURCE_BYTES || bytes > MAX_SOURCES_BYTES {
            found.unread.push(name.to_owned());
        } else if syntax::may_import(text) {
            readable.push((name, text));
        }
    }
    if readable.is_empty() {
        return found;
    }
    // A thread for its stack; and what goes wrong in the parser stays in it.
    let unread: Vec<_> = readable.iter().map(|(name, _)| (*name).to_owned()).collect();
    let parsed = thread::scope(|scope| {
        let builder = thread::Builder::new().name("imports".to_owned()).stack_size(STACK_BYTES);
        let parser = builder.spawn_scoped(scope, || parse_all(&readable)).ok()?;
        parser.join().ok()
    });
    let parsed = parsed.unwrap_or(Imports { unread, ..Imports::default() });
    found.names = parsed.names;
    found.unread.extend(parsed.unread);
    found
}

fn parse_all(sources: &[(&str, &str)]) -> Imports {
    let mut found = Imports::default();
    for (name, text) in sources {
        let names = catch_unwind(AssertUnwindSafe(|| syntax::imported_names(text)));
        match names {
            Ok(Some(names)) => found.names.extend(names),
            Ok(None) | Err(_) => found.unread.push((*name).to_owned()),
        }
    }
    found
}

#[cfg(test)]
mod against_python;
#[cfg(test)]
mod tests;
