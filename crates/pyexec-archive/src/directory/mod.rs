//! Archives of directories.

mod ignore_files;
mod options;
mod walk;

pub use options::{DirectoryOptions, Symlinks};
