//! Archives of files given one by one.

use crate::{Archive, ArchiveError};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

pub(crate) fn plan<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
) -> Result<Archive, ArchiveError> {
    let mut builder = Archive::builder();
    let mut taken: HashMap<String, PathBuf> = HashMap::new();
    for path in paths {
        let path = path.as_ref();
        // "..", "/" and "x/.." have none; what they lead to is a directory, and is said so below.
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_str().ok_or_else(|| ArchiveError::NotUtf8 { path: path.to_owned() })?;
        if let Some(first) = taken.get(name) {
            return Err(ArchiveError::DuplicateBaseName {
                name: name.to_owned(),
                first: first.clone(),
                second: path.to_owned(),
            });
        }
        builder.add_file(name, path)?;
        taken.insert(name.to_owned(), path.to_owned());
    }
    Ok(builder.build())
}
