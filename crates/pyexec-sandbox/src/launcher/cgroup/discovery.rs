//! Where the hierarchies are mounted, and where in them this process is.

use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

/// What the kernel says of this process's groups and mounts.
#[derive(Debug)]
pub(super) struct View {
    /// `/proc/self/cgroup`
    pub(super) cgroup: String,
    /// `/proc/self/mountinfo`
    pub(super) mountinfo: String,
}

impl View {
    pub(super) fn of_this_process() -> Self {
        let read = |file| fs::read_to_string(file).unwrap_or_default();
        Self { cgroup: read("/proc/self/cgroup"), mountinfo: read("/proc/self/mountinfo") }
    }

    /// This process's group for a version 1 controller, or of version 2 (`""`).
    pub(super) fn own_group(&self, controller: &str) -> Option<PathBuf> {
        self.cgroup.lines().find_map(|line| {
            // `number:controllers:path`, cgroups(7)
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?);
            controllers.split(',').any(|name| name == controller).then(|| PathBuf::from(path))
        })
    }

    /// The folder of group `own` in the file system where a hierarchy is mounted.
    pub(super) fn mounted(&self, kind: &str, controller: &str, own: &Path) -> Option<PathBuf> {
        self.mountinfo.lines().find_map(|line| {
            // `… root mountpoint options … - type source superoptions`, proc_pid_mountinfo(5)
            let (left, right) = line.split_once(" - ")?;
            let (mut left, mut right) = (left.split(' ').skip(3), right.split(' '));
            let (root, point) = (unescape(left.next()?), unescape(left.next()?));
            let (found, options) = (right.next()?, right.nth(1)?);
            let matches = found == kind
                && (controller.is_empty() || options.split(',').any(|option| option == controller));
            let inside = own.strip_prefix(root).ok()?;
            matches.then(|| point.join(inside))
        })
    }
}

/// Spaces and the like are written as three octal digits there.
fn unescape(field: &str) -> PathBuf {
    let mut parts = field.split('\\');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[3..]);
            }
            None => {
                bytes.push(b'\\');
                bytes.extend(part.as_bytes());
            }
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_digits_stand_for_bytes() {
        let unescaped = |field| unescape(field).into_os_string().into_vec();
        assert_eq!(unescaped("/a\\040b\\134c\\011"), b"/a b\\c\t");
        assert_eq!(unescaped("/\\303\\251"), "/é".as_bytes());
        assert_eq!(unescaped("/odd\\4\\"), b"/odd\\4\\");
    }
}
