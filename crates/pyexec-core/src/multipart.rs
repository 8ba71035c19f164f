//! The form of both `exec` requests.

use crate::{Body, random};
use http::HeaderValue;
use pyexec_archive::Archive;

/// A form and the `Content-Type` that announces it. `metadata` comes first, so that a server can
/// prepare while the archive still streams.
pub(crate) fn form(metadata: &[u8], archive: Archive) -> (Option<HeaderValue>, Body) {
    let boundary = boundary();
    let mut head = format!(
        "--{boundary}\r\n\
         Content-Disposition: form-data; name=\"metadata\"\r\n\
         Content-Type: application/json\r\n\r\n"
    )
    .into_bytes();
    head.extend_from_slice(metadata);
    head.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"tar\"; filename=\"code.tar\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .as_bytes(),
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let announced = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}")).ok();
    (announced, Body::framed(head, archive, tail))
}

/// 128 bits that nobody can guess, so that no file can end its part early.
fn boundary() -> String {
    format!("pyexec-{:016x}{:016x}", random::unguessable(), random::unguessable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn metadata_then_tar_with_its_exact_length() {
        let archive = Archive::from_map([("main.py", "print('hi')\n")]).unwrap();
        let mut tar = Vec::new();
        archive.open().read_to_end(&mut tar).unwrap();
        let (content_type, body) = form(br#"{"entrypoint":"main.py"}"#, archive);
        let content_type = content_type.unwrap();
        let boundary =
            content_type.to_str().unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
        let mut expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
             Content-Type: application/json\r\n\r\n{{\"entrypoint\":\"main.py\"}}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"tar\"; filename=\"code.tar\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        expected.extend_from_slice(&tar);
        expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert_eq!(body.size(), expected.len() as u64);
        // Twice, as for a retry.
        for _ in 0..2 {
            let mut sent = Vec::new();
            body.open().read_to_end(&mut sent).unwrap();
            assert!(sent == expected);
        }
    }

    #[test]
    fn no_two_boundaries_are_alike() {
        let (one, other) = (boundary(), boundary());
        assert_ne!(one, other);
        assert_eq!(one.len(), "pyexec-".len() + 32);
    }
}
