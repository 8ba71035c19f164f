//! Which paths are taken, and by what.

use std::collections::{HashMap, hash_map::Entry};

/// The index of the topmost directory.
const TOP: usize = 0;

/// Files, links and directories seen so far, implied parent directories included.
///
/// A node stores its own component only, so that many deep paths don't multiply their length.
#[derive(Debug)]
pub(crate) struct PathTree {
    directories: Vec<HashMap<Box<str>, Node>>,
    count: usize,
    limit: usize,
    /// The directory of the leaf before, since leaves come directory by directory.
    last: (String, usize),
}

#[derive(Debug, Clone, Copy)]
enum Node {
    /// A file or link, and what the caller knows it by.
    Leaf(usize),
    Directory(usize),
}

/// Why a path can't be added.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// The file or link is there already.
    Duplicate,
    /// A file or link is where a directory is needed, or the reverse.
    Kind,
    /// The tree holds as much as it may.
    Full,
}

impl PathTree {
    pub(crate) fn new(limit: usize) -> Self {
        Self { directories: vec![HashMap::new()], count: 0, limit, last: (String::new(), TOP) }
    }

    /// Adds a file or link under its normalised path.
    pub(crate) fn add_leaf(&mut self, path: &str, id: usize) -> Result<(), Clash> {
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.last.0 != parents {
            let parent = self.descend(parents)?.0;
            self.last = (parents.to_owned(), parent);
        }
        match self.directories[self.last.1].entry(name.into()) {
            Entry::Occupied(taken) => Err(match taken.get() {
                Node::Leaf(_) => Clash::Duplicate,
                Node::Directory(_) => Clash::Kind,
            }),
            Entry::Vacant(_) if self.count >= self.limit => Err(Clash::Full),
            Entry::Vacant(free) => {
                free.insert(Node::Leaf(id));
                self.count += 1;
                Ok(())
            }
        }
    }

    /// Adds a directory under its normalised path; whether it wasn't there yet.
    pub(crate) fn add_directory(&mut self, path: &str) -> Result<bool, Clash> {
        Ok(self.descend(path)?.1)
    }

    /// What a file or link was added as.
    pub(crate) fn leaf(&self, path: &str) -> Option<usize> {
        let mut at = TOP;
        let mut components = path.split('/');
        while let Some(component) = components.next() {
            match self.directories[at].get(component)? {
                Node::Directory(index) => at = *index,
                Node::Leaf(id) => return components.next().is_none().then_some(*id),
            }
        }
        None
    }

    fn descend(&mut self, path: &str) -> Result<(usize, bool), Clash> {
        let mut at = TOP;
        let mut is_new = false;
        for component in path.split('/').filter(|component| !component.is_empty()) {
            at = match self.directories[at].get(component) {
                Some(Node::Directory(index)) => *index,
                Some(Node::Leaf(_)) => return Err(Clash::Kind),
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
        assert_eq!(tree.add_leaf("a/b/c", 1), Ok(()));
        assert_eq!(tree.add_leaf("a/b/c", 1), Err(Clash::Duplicate));
        assert_eq!(tree.add_leaf("a/b", 2), Err(Clash::Kind));
        assert_eq!(tree.add_leaf("a/b/c/d", 2), Err(Clash::Kind));
        assert_eq!(tree.add_directory("a/b/c"), Err(Clash::Kind));
        assert_eq!(tree.add_directory("a/b"), Ok(false));
        assert_eq!(tree.add_directory("a/d"), Ok(true));
        assert_eq!(tree.add_directory("a/d"), Ok(false));
    }

    #[test]
    fn leaves_are_found_under_their_whole_path() {
        let mut tree = PathTree::new(100);
        tree.add_leaf("a/b", 7).unwrap();
        tree.add_leaf("b", 8).unwrap();
        assert_eq!((tree.leaf("a/b"), tree.leaf("b")), (Some(7), Some(8)));
        for path in ["a", "a/b/b", "a/c", "b/b", "", "c"] {
            assert_eq!(tree.leaf(path), None, "{path}");
        }
    }

    #[test]
    fn implied_directories_count() {
        let mut tree = PathTree::new(3);
        assert_eq!(tree.add_leaf("a/b/c", 1), Ok(()));
        assert_eq!(tree.add_leaf("d", 2), Err(Clash::Full));
        let mut tree = PathTree::new(2);
        assert_eq!(tree.add_leaf("a/b/c", 1), Err(Clash::Full));
    }
}
