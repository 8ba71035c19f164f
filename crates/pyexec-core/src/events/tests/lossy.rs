//! Whatever a network does to a stream of events.

use super::script::{Act, events, follow_with, health, output, result, status, stream};
use crate::TransportErrorKind;
use proptest::{collection::vec, prelude::*};

/// What a connection does: how far before the wanted offset it begins, how long its pieces of
/// output are, and after how many bytes it is lost, in pieces of how many.
type Connection = (usize, usize, usize, usize);

/// What a server sends from an offset on.
fn sent(all: &[u8], from: usize, length: usize) -> Vec<u8> {
    let mut text = status("running");
    let mut offset = from;
    for piece in all[from..].chunks(length) {
        text += &output("stdout", offset as u64, piece);
        offset += piece.len();
    }
    (text + &result()).into_bytes()
}

proptest! {
    #[test]
    fn nothing_is_lost_or_repeated(
        all in vec(any::<u8>(), 0..300),
        connections in vec((0..50usize, 1..40usize, 0..900usize, 1..200usize), 0..9),
    ) {
        let mut connections: Vec<Connection> = connections;
        let followed = follow_with(events(), |exchange| {
            if exchange.request.uri() == "/health" {
                return health(r#""events""#);
            }
            let last = exchange.request.headers().get("last-event-id");
            let wanted: usize = last.map_or(0, |id| {
                id.to_str().unwrap().split('-').next().unwrap().parse().unwrap()
            });
            let Some((before, length, cut, piece)) = connections.pop() else {
                return stream([Act::Bytes(sent(&all, wanted, 64))]);
            };
            let text = sent(&all, wanted.saturating_sub(before), length);
            let text = &text[..cut.min(text.len())];
            let lost = Act::Lost(TransportErrorKind::Closed);
            stream(text.chunks(piece).map(|piece| Act::Bytes(piece.to_vec())).chain([lost]))
        });
        prop_assert!(followed.error.is_none(), "{:?}", followed.error);
        prop_assert_eq!(&followed.stdout, &all);
        let count = |word| followed.items.iter().filter(|item| *item == word).count();
        prop_assert_eq!((count("running"), count("exit 3")), (1, 1));
    }
}
