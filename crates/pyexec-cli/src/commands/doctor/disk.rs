//! Room for what executions are given and leave behind.

use super::finding::Finding;
use crate::local;
use rustix::fs::{Access, access, statvfs};
use std::{
    env,
    path::{Path, PathBuf},
};

/// Below this, one large project or output may find no room.
const LITTLE: u64 = 1 << 30;
/// Below this, next to nothing does.
const NEXT_TO_NONE: u64 = 16 << 20;

/// Of `run` and `eval`, and of the local server.
pub(super) fn findings() -> Vec<Finding> {
    let mut findings = vec![room("disk for uploads and output", &env::temp_dir(), "TMPDIR")];
    match local::state_folder() {
        Ok(folder) => {
            findings.push(room("disk for the local server", &folder, "XDG_STATE_HOME"));
        }
        Err(failure) => findings.push(Finding::failure("disk for the local server", failure)),
    }
    findings
}

fn room(subject: &str, folder: &Path, variable: &str) -> Finding {
    let name = folder.display();
    // It may not have been needed yet.
    let Some(there) = folder.ancestors().find(|path| path.exists()).map(PathBuf::from) else {
        return Finding::fail(subject, format!("{name} can't be looked at"));
    };
    if let Err(error) = access(&there, Access::WRITE_OK | Access::EXEC_OK) {
        let text = format!("{name} can't be written to: {error}");
        return Finding::fail(subject, text).hint(format!("set {variable} to a folder of yours"));
    }
    let room = match statvfs(&there) {
        Ok(room) => room,
        Err(error) => return Finding::warn(subject, format!("{name} says nothing: {error}")),
    };
    // A file system may do without a count of files.
    if room.f_files > 0 && room.f_favail == 0 {
        return Finding::fail(subject, format!("{name} has no room for another file"))
            .hint(format!("delete some, or set {variable} to a folder elsewhere"));
    }
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let text = format!("{name} has {}", size(free));
    let hint = format!("free some space, or set {variable} to a folder elsewhere");
    match free {
        ..NEXT_TO_NONE => Finding::fail(subject, text).hint(hint),
        NEXT_TO_NONE..LITTLE => Finding::warn(subject, text).hint(hint),
        _ => Finding::ok(subject, text),
    }
}

fn size(bytes: u64) -> String {
    let mib = bytes >> 20;
    if mib < 10 * 1024 { format!("{mib} MiB free") } else { format!("{} GiB free", mib >> 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size(0), "0 MiB free");
        assert_eq!(size(NEXT_TO_NONE), "16 MiB free");
        assert_eq!(size(LITTLE), "1024 MiB free");
        assert_eq!(size(250 << 30), "250 GiB free");
    }

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_those_above() {
        let folder = tempfile::tempdir().unwrap();
        let text = |path: &Path| room("disk", path, "X").text;
        let deep = folder.path().join("a/b");
        let name = folder.path().display().to_string();
        assert_eq!(text(&deep).replace("/a/b", ""), text(folder.path()), "{name}");
    }
}
