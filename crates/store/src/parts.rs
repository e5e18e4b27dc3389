//! Statements with parts that not every batch has something for.
//!
//! In its file a statement stands whole. A part of it lies between a line `-- part NAME` and the next
//! line `-- end NAME`, and can be left out: Postgres prepares each part for each execution, whether or
//! not any row comes its way, and for a handful of tasks that is a good part of what a statement costs.

/// Fewer tasks than these are looked up one by one, wherever they lie. `claim.sql` has this number as well.
pub(crate) const FEW: usize = 16;

/// The statement `text` with those of these parts that are wanted, and without the others.
///
/// # Panics
/// Where a part is not in it, or does not end: texts and names are those of this crate.
pub(crate) fn with(text: &str, parts: &[(&str, bool)]) -> String {
    let left_out: Vec<_> = parts.iter().filter(|(_, wanted)| !wanted).map(|(name, _)| *name).collect();
    without(text, &left_out)
}

/// The statement `text` without the named parts.
///
/// # Panics
/// Where a part is not in it, or does not end: texts and names are those of this crate.
fn without(text: &str, names: &[&str]) -> String {
    let mut text = text.to_owned();
    for name in names {
        let (begin, end) = (format!("-- part {name}\n"), format!("-- end {name}\n"));
        assert!(text.contains(&begin), "the statement has no part {name}");
        while let Some(from) = text.find(&begin) {
            let length = text[from..].find(&end).expect("each part has an end") + end.len();
            text.replace_range(from..from + length, "");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "with a as (select 1)\n\
        -- part b\n, b as (select 2)\n-- end b\n\
        select * from a\n\
        \x20   -- part b\n    union all select * from b\n    -- end b\n\
        -- part c\nlimit 1\n-- end c\n";

    #[test]
    fn all_of_a_part_is_left_out() {
        let rest = without(TEXT, &["b"]);
        assert!(!rest.contains('b') && rest.contains("limit 1"), "{rest}");
        let lines: Vec<_> = without(TEXT, &["c", "b"]).lines().map(str::trim).map(String::from).collect();
        assert_eq!(lines.join(" ").trim(), "with a as (select 1) select * from a");
        assert_eq!(without(TEXT, &[]), TEXT);
    }

    #[test]
    #[should_panic(expected = "no part d")]
    fn a_part_that_is_not_there_is_a_mistake() {
        without(TEXT, &["d"]);
    }
}
