//! Writes tars as an attacker would, block by block.
#![allow(dead_code, reason = "each test program uses its own part")]

use pyexec_archive::read::{
    Manifest, ReadError, ReadLimits, ReadOptions, SymlinkPolicy, canonicalize,
    canonicalize_seekable,
};
use std::io::Cursor;

/// A header block under construction; its checksum is right unless spoilt on purpose.
#[derive(Clone)]
pub(crate) struct Forged {
    block: [u8; 512],
    data: Vec<u8>,
}

impl Forged {
    pub(crate) fn new(kind: u8, name: impl AsRef<[u8]>) -> Self {
        let mut forged = Self { block: [0; 512], data: Vec::new() }
            .bytes(0, name.as_ref())
            .bytes(100, b"0000644\0")
            .bytes(108, b"0000000\0")
            .bytes(116, b"0000000\0")
            .bytes(136, b"00000000000\0")
            .bytes(257, b"ustar\x0000")
            .size(0);
        forged.block[156] = kind;
        forged
    }

    pub(crate) fn file(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Self {
        Self::new(b'0', name).data(data)
    }

    /// Content, and the size that says so.
    pub(crate) fn data(mut self, data: impl AsRef<[u8]>) -> Self {
        self.data = data.as_ref().to_vec();
        let size = self.data.len() as u64;
        self.size(size)
    }

    pub(crate) fn size(self, size: u64) -> Self {
        self.bytes(124, format!("{size:011o}\0").as_bytes())
    }

    pub(crate) fn bytes(mut self, at: usize, bytes: &[u8]) -> Self {
        self.block[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn block(&self) -> [u8; 512] {
        let mut block = self.block;
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    /// Header, data and padding.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = self.block().to_vec();
        bytes.extend_from_slice(&self.data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

/// A hard or symbolic link.
pub(crate) fn link(kind: u8, name: &str, target: impl AsRef<[u8]>) -> Forged {
    Forged::new(kind, name).bytes(157, target.as_ref())
}

/// A PAX header with these records.
pub(crate) fn pax(kind: u8, records: &[(&str, &str)]) -> Forged {
    let body: String = records
        .iter()
        .map(|(key, value)| {
            let mut length = 0;
            loop {
                let record = format!("{length} {key}={value}\n");
                if record.len() == length {
                    return record;
                }
                length = record.len();
            }
        })
        .collect();
    Forged::new(kind, "././@PaxHeader").data(body)
}

/// The members and the end of the archive.
pub(crate) fn tar(members: &[Forged]) -> Vec<u8> {
    let mut bytes: Vec<u8> = members.iter().flat_map(Forged::to_vec).collect();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// The manifest and the canonical stream.
pub(crate) fn read_with(
    bytes: &[u8],
    limits: &ReadLimits,
) -> Result<(Manifest, Vec<u8>), ReadError> {
    let mut output = Vec::new();
    let options = ReadOptions::from(limits.clone());
    canonicalize(bytes, &mut output, &options).map(|manifest| (manifest, output))
}

/// The same with symbolic links kept and hard links copied.
pub(crate) fn read_links_with(
    bytes: &[u8],
    limits: &ReadLimits,
) -> Result<(Manifest, Vec<u8>), ReadError> {
    let mut options = ReadOptions::from(limits.clone());
    options.symlinks = SymlinkPolicy::Keep;
    let mut output = Cursor::new(Vec::new());
    let manifest = canonicalize_seekable(bytes, &mut output, &options)?;
    Ok((manifest, output.into_inner()))
}

/// The same under default limits.
pub(crate) fn read_links(bytes: &[u8]) -> Result<(Manifest, Vec<u8>), ReadError> {
    read_links_with(bytes, &ReadLimits::default())
}

/// The same under default limits, and without links.
pub(crate) fn read(bytes: &[u8]) -> Result<(Manifest, Vec<u8>), ReadError> {
    read_with(bytes, &ReadLimits::default())
}
