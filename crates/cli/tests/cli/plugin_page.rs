//! `docs/write-a-plugin.md`: who follows it step by step must get what it promises.
//!
//! The plugin that it makes is the module `count_lines` here, so that it is compiled and its own tests are run.

const PAGE: &str = include_str!("../../../../docs/write-a-plugin.md");
const PLUGINS: &str = include_str!("../../src/commands/plugins.rs");

/// The Rust that the page shows, in its order.
fn shown() -> Vec<&'static str> {
    let blocks = PAGE.split("```rust\n").skip(1);
    blocks.map(|rest| rest.split("```").next().expect("the block's text")).collect()
}

/// The one block that begins so.
fn block(start: &str) -> &'static str {
    let mut found = shown().into_iter().filter(|block| block.trim_start().starts_with(start));
    let block = found.next().unwrap_or_else(|| panic!("the page shows nothing that begins with `{start}`"));
    assert_eq!(found.next(), None, "the page shows two blocks that begin with `{start}`");
    block
}

#[test]
fn the_plugin_of_the_page_is_the_one_that_is_compiled_here() {
    let within = "impl Plugin for CountLines {\n";
    let plugin = block("//! Counts the lines").replace(within, &format!("{within}{}\n", block("fn about")));
    assert_eq!(format!("{plugin}\n{}", block("#[cfg(test)]")), include_str!("count_lines.rs"));
}

#[test]
fn what_the_page_has_changed_is_there() {
    let blocks = shown();
    let shall_say =
        blocks.iter().position(|block| block.contains(".with(\"count_lines\", count_lines::CountLines);"));
    let says = blocks[shall_say.expect("the line that registers it") - 1];
    for there in [
        says,
        "\nuse ",
        "pub(crate) struct Plugins {",
        "struct Setup {",
        "Ok(Self {",
        "        Ok(registry)\n",
    ] {
        assert!(PLUGINS.contains(there), "the page has this changed, and it is not there: {there}");
    }
}
