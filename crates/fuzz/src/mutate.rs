//! Small changes to an input that is nearly right.
//!
//! The usual ones of byte fuzzers: flip, set, insert, delete, repeat, splice. Only the words of a
//! target are its own.

use rand::RngExt;
use rand::rngs::StdRng;

/// Longest input that is made.
const LONGEST: usize = 64 << 10;
/// Bytes that mean something to one format or another.
const BYTES: &[u8] = b"\0\x01\x08\x0a\x0d\x12\x7f\x80\xc0\xe2\xed\xf0\xff \"'\\%./:=?@[]{}+-019<>eE";

/// Changes an input, mostly in one place and rarely in many. `other` is one to splice with.
pub fn mutate(rng: &mut StdRng, input: &[u8], other: &[u8], words: &[&str]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=rng.random::<u8>().trailing_zeros() {
        change(rng, &mut bytes, other, words);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(rng: &mut StdRng, bytes: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let at = rng.random_range(0..=bytes.len());
    let until = rng.random_range(at..=bytes.len().min(at + 32));
    match rng.random_range(0..9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
        1 if at < bytes.len() => bytes[at] = rng.random(),
        2 if at < bytes.len() => bytes[at] = one_of(rng, BYTES),
        3 => bytes.insert(at, one_of(rng, BYTES)),
        4 => drop(bytes.drain(at..until)),
        5 => {
            let times = if rng.random_ratio(1, 16) { rng.random_range(1..=512) } else { 1 };
            let piece = bytes[at..until].repeat(times);
            bytes.splice(at..at, piece);
        }
        6 if !other.is_empty() => {
            let from = rng.random_range(0..other.len());
            let to = rng.random_range(from..=other.len().min(from + 64));
            bytes.splice(at..until, other[from..to].iter().copied());
        }
        _ if words.is_empty() => bytes.insert(at, rng.random()),
        _ => {
            let word = one_of(rng, words);
            bytes.splice(at..at, word.bytes());
        }
    }
}

fn one_of<T: Copy>(rng: &mut StdRng, all: &[T]) -> T {
    all[rng.random_range(0..all.len())]
}
