//! From bytes to text.

/// Bytes as text; what isn't UTF-8 is replaced.
pub(super) fn whole(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Both ends of something longer, and between them how much is left out.
pub(super) fn ends(mut head: Vec<u8>, tail: &[u8], left_out: u64) -> String {
    // A character that the cut went through goes with what was left out.
    let torn = std::str::from_utf8(&head).err().filter(|error| error.error_len().is_none());
    head.truncate(torn.map_or(head.len(), |error| error.valid_up_to()));
    let torn = tail.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    let mut text = whole(head);
    text += &format!("\n[pyexec: {left_out} bytes left out]\n");
    text += &String::from_utf8_lossy(&tail[torn..]);
    text
}
