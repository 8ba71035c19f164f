//! What is often sent in place of a plain tar.

use std::fmt;

/// A format that is recognised only to say what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// `.tar.gz`, `.tgz`
    Gzip,
    /// `.tar.bz2`
    Bzip2,
    /// `.tar.xz`
    Xz,
    /// `.tar.zst`
    Zstd,
    /// `.zip`, also `.whl` and `.jar`
    Zip,
    /// `.7z`
    SevenZip,
}

impl Compression {
    /// Recognises the first bytes of a file.
    pub(crate) fn of(start: &[u8]) -> Option<Self> {
        let magics: [(&[u8], Self); 7] = [
            (b"\x1f\x8b", Self::Gzip),
            (b"BZh", Self::Bzip2),
            (b"\xfd7zXZ\0", Self::Xz),
            (b"\x28\xb5\x2f\xfd", Self::Zstd),
            (b"PK\x03\x04", Self::Zip),
            (b"PK\x05\x06", Self::Zip),
            (b"7z\xbc\xaf\x27\x1c", Self::SevenZip),
        ];
        magics.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, format)| format)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Zip => "zip",
            Self::SevenZip => "7z",
        })
    }
}
