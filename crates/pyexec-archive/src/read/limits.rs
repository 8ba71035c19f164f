//! How much of a stranger's archive is too much.

/// Caps of [`canonicalize`](super::canonicalize).
///
/// ```
/// use pyexec_archive::read::ReadLimits;
///
/// let mut limits = ReadLimits::default();
/// limits.max_total_bytes = 10 << 20;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadLimits {
    /// Levels of a path, the file itself included. Default 64.
    pub max_components: usize,
    /// Bytes of one component of a path. Default 255, as on Linux.
    pub max_component_bytes: usize,
    /// Bytes of a normalised path. Default 1,024.
    pub max_path_bytes: usize,
    /// Bytes of all paths of files and links, and of where those lead, together, which the manifest keeps in memory. Default 16 MiB.
    pub max_paths_bytes: usize,
    /// Files, links and directories, those that paths merely imply included. Default 65,536.
    pub max_entries: usize,
    /// Bytes of one file. Default 2 GiB.
    pub max_file_bytes: u64,
    /// Bytes of the whole input, with headers and padding; and bytes of all contents, with those
    /// that hard links copy. Default 2 GiB.
    pub max_total_bytes: u64,
    /// Bytes that hard links copy, all of them together: a small archive of many links must not
    /// become a large one. Default 64 MiB.
    pub max_copied_bytes: u64,
    /// Bytes of one extended header. Default 64 KiB.
    pub max_extension_bytes: u64,
}

impl ReadLimits {
    /// For what was checked before.
    pub(crate) fn none() -> Self {
        Self {
            max_components: usize::MAX,
            max_component_bytes: usize::MAX,
            max_path_bytes: usize::MAX,
            max_paths_bytes: usize::MAX,
            max_entries: usize::MAX,
            max_file_bytes: u64::MAX,
            max_total_bytes: u64::MAX,
            max_copied_bytes: u64::MAX,
            max_extension_bytes: u64::MAX,
        }
    }
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            max_components: 64,
            max_component_bytes: 255,
            max_path_bytes: 1024,
            max_paths_bytes: 16 << 20,
            max_entries: 1 << 16,
            max_file_bytes: 2 << 30,
            max_total_bytes: 2 << 30,
            max_copied_bytes: 64 << 20,
            max_extension_bytes: 64 << 10,
        }
    }
}
