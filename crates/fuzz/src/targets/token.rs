//! The token that says where the next page starts.

use task_domain::{Cursor, PageRequest, limits};
use task_proto::{from_wire, to_wire};

use crate::{Target, Verdict, hold};

pub(super) const TARGET: Target = Target {
    name: "token",
    run,
    words: &["v1.", ".", "-", "+", "9223372036854775807", "-377705116800000000", "253402207200000000", "1"],
    accepted: 2,
};

fn run(input: &[u8]) -> Verdict {
    let Ok(token) = std::str::from_utf8(input) else { return Verdict::Refused };
    // The first bytes also stand for a size and a number.
    let [size, number] = [0, 1]
        .map(|at| input.get(at).map_or(0, |byte| 1_u32.checked_shl(u32::from(*byte)).unwrap_or_default()));
    for (size, number, token) in [(size, number, ""), (size, 0, token), (0, number, token), (30, 0, token)] {
        match from_wire::page(size, number, token) {
            Ok(page) => {
                assert!((1..=limits::PAGE_SIZE).contains(&page.size()));
                assert!(size != 0 || page.size() == PageRequest::DEFAULT_SIZE);
            }
            Err(invalid) => hold::refusal(&invalid, &["page_size", "page_number", "page_token"]),
        }
    }
    match token.parse::<Cursor>() {
        Ok(cursor) => {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
            // As a time on the wire and so as one that Postgres holds.
            let at = to_wire::timestamp(cursor.0.created_at);
            assert_eq!(from_wire::timestamp("at", at), Ok(cursor.0.created_at));
            Verdict::Accepted
        }
        Err(invalid) => {
            hold::refusal(&invalid, &["page_token"]);
            Verdict::Refused
        }
    }
}
