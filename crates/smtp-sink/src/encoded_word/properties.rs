//! Any header is decoded, to text that is not much longer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::decode;

proptest! {
    #[test]
    fn any_text_is_decoded(text in r"((=\?|utf-8|\?[bqBQ]\?|\?=|=[0-9A-Fa-f+]{2}|[ -~é_]){0,12}|\PC{0,40})") {
        // A byte that is no text becomes a sign of three.
        prop_assert!(decode(&text).len() <= 3 * text.len());
    }

    #[test]
    fn what_was_encoded_is_decoded(text in "\\PC{0,40}") {
        let word = format!("=?utf-8?b?{}?=", STANDARD.encode(&text));
        prop_assert_eq!(decode(&word), text.clone());
        let quoted: String =
            text.bytes().flat_map(|byte| format!("={byte:02X}").into_bytes()).map(char::from).collect();
        prop_assert_eq!(decode(&format!("=?UTF-8?Q?{quoted}?=")), text);
    }
}
