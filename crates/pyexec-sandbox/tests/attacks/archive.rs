//! Archives made to write where they may not. The reader itself has its own suite, in
//! `pyexec-archive`; here is what comes of them in a sandbox.

use crate::{
    case::{Case, steps},
    ground::{Ground, ensure},
};
use pyexec_archive::read::{ReadOptions, canonicalize};
use std::io::Write;

const READER: &str = "safe reader";

/// A member of a tar: its type, name, link's target and content.
type Member<'a> = (u8, &'a str, &'a str, &'a str);

pub(crate) fn cases() -> Vec<Case> {
    vec![
        steps("a_path_that_climbs_out", READER, "a refusal", |ground| {
            ["../evil", "a/../../evil", "/evil", "./../evil", "//tmp/evil"]
                .into_iter()
                .try_for_each(|name| harmless(ground, &[(b'0', name, "", "GOT")]))
        }),
        steps("a_link_that_leads_out", READER, "a refusal", |ground| {
            ["/etc", "../tmp", "a/../../tmp", "/proc/self/cwd/.."].into_iter().try_for_each(
                |target| {
                    harmless(ground, &[(b'2', "link", target, ""), (b'0', "link/evil", "", "GOT")])
                },
            )
        }),
        steps("a_hard_link_that_leads_out", READER, "a refusal", |ground| {
            ["/etc/passwd", "../etc/passwd", "/opt/pyexec/boot/sitecustomize.py"]
                .into_iter()
                .try_for_each(|target| harmless(ground, &[(b'1', "link", target, "")]))
        }),
        steps("devices_and_pipes", READER, "a refusal", |ground| {
            b"346".iter().try_for_each(|kind| harmless(ground, &[(*kind, "device", "", "")]))
        }),
        steps(
            "writing_through_a_link_within",
            READER,
            "a refusal, or a file in its own folder",
            |ground| {
                harmless(
                    ground,
                    &[
                        (b'5', "folder", "", ""),
                        (b'2', "link", "folder", ""),
                        (b'0', "link/evil", "", "GOT"),
                        (b'2', "main.py", "/tmp/evil", ""),
                    ],
                )
            },
        ),
        steps(
            "writing_through_a_link_of_an_earlier_run",
            "folders of its own",
            "a file in its own folder",
            planted,
        ),
        steps("set_uid_bits", READER, "files without them", |ground| {
            let code = "import os\nif os.stat('/work/tool').st_mode & 0o7000: print('GOT', oct(os.stat('/work/tool').st_mode))\nprint('tried')";
            let file = canonical(&[(b'0', "main.py", "", code), (b'0', "tool", "", "x")])?;
            let ran = ground.run(ground.job_of(file, "main.py"))?;
            ensure(ran.stdout == "tried\n", ran)
        }),
    ]
}

/// A block of a ustar archive, with set-uid bits.
fn header((kind, name, target, content): Member<'_>) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0006755\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, target.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// What the reader makes of a hostile archive.
fn canonical(members: &[Member<'_>]) -> Result<std::fs::File, String> {
    let mut tar = Vec::new();
    for member in members {
        tar.write_all(&header(*member)).unwrap();
        tar.write_all(member.3.as_bytes()).unwrap();
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let mut file = tempfile::tempfile().unwrap();
    canonicalize(tar.as_slice(), &mut file, &ReadOptions::default())
        .map_err(|error| error.to_string())?;
    Ok(file)
}

/// Refused, or unpacked without anything outside of `/work`.
fn harmless(ground: &Ground, members: &[Member<'_>]) -> Result<(), String> {
    let code = "import os\nfor path in ('/evil', '/tmp/evil', '/etc/evil', '/dev/evil'):\n    if os.path.exists(path): print('GOT', path)\n\
        for name in os.listdir('/work'):\n    path = os.path.realpath('/work/' + name)\n    if not path.startswith('/work'): print('GOT', path)\n    \
        if not (os.path.isfile(path) or os.path.isdir(path)): print('GOT', path)\n\
        if os.path.lexists('/work/link') and os.path.isfile('/work/link'): print('GOT', open('/work/link').read())\nprint('tried')";
    let script = (b'0', "main.py", "", code);
    let Ok(file) = canonical(&[&[script], members].concat()) else { return Ok(()) };
    let ran = ground.run(ground.job_of(file, "main.py"))?;
    ensure(ran.stdout == "tried\n", ran)
}

fn planted(ground: &Ground) -> Result<(), String> {
    ground.run(
        ground.script(
            "os.symlink('/tmp', '/work/folder')\nos.symlink('/work/folder', '/tmp/folder')",
        ),
    )?;
    let code = "if os.path.islink('/work/folder') or os.listdir('/tmp'): got(os.listdir('/tmp'))\n\
                if open('/work/folder/file').read() != 'mine': got('another')";
    let files = [("main.py", crate::case::whole(code)), ("folder/file", "mine".into())];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let ran = ground.run(ground.job(&files))?;
    ensure(ran.stdout == "tried\n", ran)
}
