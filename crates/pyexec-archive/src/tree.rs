//! Which paths are taken, and by what.

use std::collections::HashMap;

/// Files and directories seen so far, implied parent directories included.
///
/// A node stores its own component only, so that many deep paths don't multiply their length.
#[derive(Debug)]
pub(crate) struct PathTree {
    directories: Vec<HashMap<Box<str>, Node>>,
    count: usize,
    limit: usize,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    File,
    Directory(usize),
}

/// Why a path can't be added.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// The file is there already.
    Duplicate,
    /// A file is where a directory is needed, or the reverse.
    Kind,
    /// The tree holds as much as it may.
    Full,
}

impl PathTree {
    pub(crate) fn new(limit: usize) -> Self {
        Self { directories: vec![HashMap::new()], count: 0, limit }
    }

    /// Adds a file under its normalised path.
    pub(crate) fn add_file(&mut self, path: &str) -> Result<(), Clash> {
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = self.descend(parents)?.0;
        match self.directories[parent].get(name) {
            Some(Node::File) => return Err(Clash::Duplicate),
            Some(Node::Directory(_)) => return Err(Clash::Kind),
            None => {}
        }
        self.grow()?;
        self.directories[parent].insert(name.into(), Node::File);
        Ok(())
    }

    /// Adds a directory under its normalised path; whether it wasn't there yet.
    pub(crate) fn add_directory(&mut self, path: &str) -> Result<bool, Clash> {
        Ok(self.descend(path)?.1)
    }

    fn descend(&mut self, path: &str) -> Result<(usize, bool), Clash> {
        let mut at = 0;
        let mut is_new = false;
        for component in path.split('/').filter(|component| !component.is_empty()) {
            at = match self.directories[at].get(component) {
                Some(Node::Directory(index)) => *index,
                Some(Node::File) => return Err(Clash::Kind),
                None => {
                    self.grow()?;
                    is_new = true;
                    let index = self.directories.len();
                    self.directories.push(HashMap::new());
                    self.directories[at].insert(component.into(), Node::Directory(index));
                    index
                }
            };
        }
        Ok((at, is_new))
    }

    fn grow(&mut self) -> Result<(), Clash> {
        if self.count >= self.limit {
            return Err(Clash::Full);
        }
        self.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_directories_keep_to_their_kind() {
        let mut tree = PathTree::new(100);
        assert_eq!(tree.add_file("a/b/c"), Ok(()));
        assert_eq!(tree.add_file("a/b/c"), Err(Clash::Duplicate));
        assert_eq!(tree.add_file("a/b"), Err(Clash::Kind));
        assert_eq!(tree.add_file("a/b/c/d"), Err(Clash::Kind));
        assert_eq!(tree.add_directory("a/b/c"), Err(Clash::Kind));
        assert_eq!(tree.add_directory("a/b"), Ok(false));
        assert_eq!(tree.add_directory("a/d"), Ok(true));
        assert_eq!(tree.add_directory("a/d"), Ok(false));
    }

    #[test]
    fn implied_directories_count() {
        let mut tree = PathTree::new(3);
        assert_eq!(tree.add_file("a/b/c"), Ok(()));
        assert_eq!(tree.add_file("d"), Err(Clash::Full));
        let mut tree = PathTree::new(2);
        assert_eq!(tree.add_file("a/b/c"), Err(Clash::Full));
    }
}
